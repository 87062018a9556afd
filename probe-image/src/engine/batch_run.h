#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "engine/attempt_table.h"
#include "engine/clock.h"
#include "engine/connector.h"
#include "engine/tap_pair.h"
#include "protocol/facts.h"
#include "protocol/result.h"

namespace netcheck::probe {

struct BatchOptions {
  std::string id;       ///< Of the batch, returned in its facts.
  std::string address;  ///< IPv4 or IPv6, textual, no brackets.
  int port = 0;
  std::vector<std::uint16_t> source_ports;  ///< From PlanSourcePorts().
  std::chrono::milliseconds timeout{1000};
  int connections_per_second = 200;
  /// The effective number: half the listener's backlog and the conntrack share are the caller's to
  /// respect.
  int max_in_flight = 10;
  int max_details = 100;
  int pod_netns_fd = -1;  ///< As TapPairOptions::pod_netns_fd.
};

/// One batch of handshakes with taps and control connections, from its options to its facts:
///
///   auto batch = BatchRun::Open(options, clock);    // taps are open: emit both tap facts
///   batch.value()->Run(count, hook);                // once, or in slices
///   BatchEnd end = batch.value()->Finish();         // late packets, second control connection
///   batch.value()->attempts(), Details()            // emit columns and details
class BatchRun {
 public:
  /// Fails only on an address that is none. Allocates everything the batch needs.
  static protocol::Result<std::unique_ptr<BatchRun>> Open(const BatchOptions& options,
                                                          const ProbeClock& clock);

  [[nodiscard]] const protocol::Tap& node_tap_fact() const { return taps_.node_tap_fact(); }
  [[nodiscard]] const protocol::Tap& pod_tap_fact() const { return taps_.pod_tap_fact(); }

  /// Runs the next `count` attempts (all that are left, if fewer). The hook is called at most 50 ms
  /// apart and stops the whole batch by returning true.
  protocol::Result<void> Run(std::size_t count, const RunHook& hook);
  /// These three as in Connector.
  void Admit(std::size_t count) { connector_.Admit(count); }
  [[nodiscard]] std::size_t admitted() const { return connector_.admitted(); }
  [[nodiscard]] std::size_t in_flight() const { return connector_.in_flight(); }
  /// Attempts that have their result: always the first ones of the table.
  [[nodiscard]] std::size_t done() const { return done_; }
  [[nodiscard]] bool stopped() const { return connector_.stopped(); }

  /// Makes the second control connection, waits a moment (at most 100 ms) for packets that are
  /// under way, and sums up. Attempts that were never run count as not tried. To be called once.
  protocol::BatchEnd Finish();

  /// Final after Finish(); before that, bits of failed attempts may still be added.
  [[nodiscard]] const AttemptTable& attempts() const { return table_; }
  /// Textual; "" when there is no route to the target.
  [[nodiscard]] std::string source_address() const;
  /// The failures kept in detail, with their packets, in the order they ended.
  [[nodiscard]] std::vector<protocol::HandshakeDetail> Details() const;

 private:
  BatchRun(const BatchOptions& options, const Endpoint& target, const ProbeClock& clock);

  std::string id_;
  Endpoint target_;
  const ProbeClock& clock_;
  AttemptTable table_;
  TapPair taps_;
  Connector connector_;
  std::size_t done_ = 0;
  std::int64_t start_us_ = -1;
};

}  // namespace netcheck::probe
