#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "engine/address.h"
#include "engine/attempt_table.h"
#include "engine/clock.h"
#include "engine/connect_socket.h"
#include "engine/tap_pair.h"
#include "protocol/result.h"
#include "sys/unique_fd.h"

// The hot path: many TCP handshakes in one epoll loop.
namespace netcheck::probe {

struct ConnectorOptions {
  Endpoint target;
  std::chrono::milliseconds timeout{1000};  ///< Of each handshake, from connect().
  /// New connections a second; behind schedule, at most 10 ms' worth is caught up in one go.
  int connections_per_second = 200;
  /// Connections between connect() and close(), at most; fewer if RLIMIT_NOFILE wants it so.
  int max_in_flight = 10;
  int max_details = 100;  ///< Failures that are kept in detail, at most.
};

/// Flows that a connector watches beyond those in flight and those of `max_details` failures.
inline constexpr int kUnsettledFlows = 64;

/// An attempt that failed.
struct FailedAttempt {
  std::size_t index = 0;
  int flow = -1;               ///< In the TapPair; -1: none.
  std::uint8_t tcp_state = 0;  ///< tcpi_state before close (include/net/tcp_states.h); 0: unknown.
  std::uint32_t retransmits = 0;  ///< tcpi_total_retrans: SYNs sent again.
};

/// Why attempts were not made.
struct NotTried {
  int port_in_use = 0;   ///< EADDRINUSE, EADDRNOTAVAIL for an explicit source port.
  int self_connect = 0;  ///< Source and target would be the same endpoint.
  int no_socket = 0;     ///< socket(2) or epoll_ctl(2) failed; see `socket_error`.
  int socket_error = 0;  ///< errno of the last such failure.
  int stopped = 0;       ///< The hook said stop: not started, or cut off in flight.
};

/// Called between waits for events, at most 50 ms apart, from within Run(). true: stop.
using RunHook = std::function<bool()>;

/// Connects from the caller's network namespace. Explicit source ports are bound to the source
/// address that routing chooses. Everything is allocated by the constructor; Run() allocates
/// nothing and never waits for anything but its epoll instance, at most 20 ms at a time.
class Connector {
 public:
  /// `taps` may be nullptr; their capacity must be max_in_flight + max_details + kUnsettledFlows.
  /// All three must outlive the connector.
  Connector(const ConnectorOptions& options,
            AttemptTable& table,
            TapPair* taps,
            const ProbeClock& clock);
  ~Connector();
  Connector(const Connector&) = delete;
  Connector& operator=(const Connector&) = delete;

  /// Starts the attempts [first, first + count) of the table and returns when each has its result.
  /// Called again and again for a plan in slices. Fails only where no epoll instance can be made;
  /// what the target does is a result in the table.
  protocol::Result<void> Run(std::size_t first, std::size_t count, const RunHook& hook);

  /// No more than `count` attempts are started until the next call; without any call, all may be.
  /// For the hook, where the target has to catch up: a connection stays in the listener's accept
  /// queue until accept(), closed or not, so the number in flight alone does not bound that queue.
  void Admit(std::size_t count) { admitted_ = count; }
  /// What is left of that number.
  [[nodiscard]] std::size_t admitted() const { return admitted_; }
  /// Attempts started whose result is not known yet.
  [[nodiscard]] std::size_t in_flight() const { return slots_.size() - free_slots_.size(); }
  /// The hook said stop; further Run() calls mark their attempts as not tried.
  [[nodiscard]] bool stopped() const { return stopped_; }
  /// The first `max_details` failures.
  [[nodiscard]] const std::vector<FailedAttempt>& failures() const { return failures_; }
  [[nodiscard]] int failures_omitted() const { return failures_omitted_; }
  [[nodiscard]] const NotTried& not_tried() const { return not_tried_; }
  /// Copies the bits that the taps saw of ended attempts since into the table: packets may come
  /// late, a SYN-ACK after the deadline for example.
  void RefreshSeen();

 private:
  struct Slot {
    int fd = -1;
    PortChoice choice = PortChoice::kKernel;
    std::size_t attempt = 0;
    int flow = -1;
    int older = -1;  ///< In-flight slots in the order of their start, ...
    int newer = -1;  ///< ... which is the order of their deadlines.
  };

  /// A flow that is watched on after its attempt, until it has to make room.
  struct Unsettled {
    std::size_t attempt = 0;
    int flow = -1;
  };

  [[nodiscard]] bool CanStart() const;
  void StartDue(std::int64_t now_us);
  void Start(std::size_t attempt);
  void Launch(int fd, PortChoice choice, std::size_t attempt);
  int AwaitEvents(int fd);
  [[nodiscard]] int WaitMs(std::int64_t now_us) const;
  void WaitForEvents(std::int64_t now_us);
  [[nodiscard]] std::int64_t DeadlineUs(const Slot& slot) const;
  void ExpireOld(std::int64_t now_us);
  void Finish(int slot_number, int result, std::int64_t end_us);
  void Skip(std::size_t attempt, int& reason);
  void SkipForError(std::size_t attempt, int error_number);
  void StopAll();
  int TakeSlot(const Slot& slot);
  void ReturnSlot(int number);
  void ReleaseFlow(std::size_t attempt, int flow);
  void Settle(std::size_t position);

  ConnectorOptions options_;
  AttemptTable& table_;
  TapPair* taps_;
  const ProbeClock& clock_;
  SocketAddress target_;
  IpAddress source_;
  double interval_us_;
  UniqueFd epoll_;
  std::vector<Slot> slots_;
  std::vector<int> free_slots_;
  int oldest_ = -1;
  int newest_ = -1;
  std::size_t admitted_ = std::numeric_limits<std::size_t>::max();
  std::size_t next_ = 0;
  std::size_t end_ = 0;
  double schedule_us_ = 0;  ///< When the next attempt is due.
  std::array<Unsettled, kUnsettledFlows> unsettled_{};
  std::size_t next_unsettled_ = 0;
  std::vector<FailedAttempt> failures_;
  int failures_omitted_ = 0;
  NotTried not_tried_;
  bool stopped_ = false;
};

}  // namespace netcheck::probe
