#pragma once

#include <optional>
#include <vector>

#include "engine/clock.h"
#include "protocol/facts.h"
#include "protocol/plan.h"
#include "session/conntrack_share.h"
#include "session/fact_writer.h"
#include "session/run_control.h"

namespace netcheck::probe {

/// What all batches of a run share.
struct BatchContext {
  FactWriter& writer;
  RunControl& control;
  const ProbeClock& clock;
  const ConntrackShare& conntrack;
  int pod_netns_fd = -1;
  int connections_per_second = 200;
  int max_details = 0;      ///< Of this batch.
  std::size_t reserve = 0;  ///< Bytes of the stream that must stay free for what follows it.
};

/// One batch of the plan, resolved.
struct BatchJob {
  std::string id;
  std::string address;
  int port = 0;
  int timeout_ms = 1000;
  int max_in_flight = 1;
  std::vector<std::uint16_t> source_ports;
};

/// State of the taps as last reported, so that it is reported again only when it differs.
struct ReportedTaps {
  std::optional<protocol::Json> node;
  std::optional<protocol::Json> pod;
};

/// Runs a batch and writes its facts: taps, columns, details, conntrack entries of the first
/// failures, and the batch's end.
/// Returns how many failures were written in detail.
int RunBatch(const BatchJob& job, const BatchContext& context, ReportedTaps& reported);

}  // namespace netcheck::probe
