#pragma once

#include <optional>
#include <vector>

#include "engine/clock.h"
#include "protocol/facts.h"
#include "protocol/json.h"
#include "protocol/plan.h"
#include "session/conntrack_share.h"
#include "session/fact_writer.h"
#include "session/pace.h"
#include "session/run_control.h"

namespace netcheck::probe {

/// What all batches of a run share.
struct BatchContext {
  FactWriter& writer;
  RunControl& control;
  const ProbeClock& clock;
  const ConntrackShare& conntrack;
  int pod_netns_fd = -1;
  bool target_found = false;  ///< Else `pod_netns_fd` -1 does not mean the probe's own namespace.
  int max_details = 0;        ///< Of this batch.
  std::size_t reserve = 0;    ///< Bytes of the stream that must stay free for what follows it.
};

/// One batch of the plan, resolved.
struct BatchJob {
  std::string id;
  std::string address;
  int port = 0;
  int timeout_ms = 1000;
  int give_up_after = 0;  ///< As in protocol::HandshakeBatch.
  Pace pace;
  std::vector<std::uint16_t> source_ports;
};

/// State of the taps as last reported, so that it is reported again only when it differs.
struct ReportedTaps {
  std::optional<protocol::Json> node;
  std::optional<protocol::Json> pod;
};

/// Whether at least `count` attempts have ended, all of them without any answer. Pure.
bool NoneAnswered(const std::vector<std::int32_t>& results, int count);

/// Runs a batch and writes its facts: taps, columns, details, conntrack entries of the first
/// failures, and the batch's end.
/// Returns how many failures were written in detail.
int RunBatch(const BatchJob& job, const BatchContext& context, ReportedTaps& reported);

}  // namespace netcheck::probe
