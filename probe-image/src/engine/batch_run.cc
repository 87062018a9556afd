#include "engine/batch_run.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "engine/dial_error.h"
#include "kernel/tcp_state.h"

namespace netcheck::probe {
namespace {

using protocol::Result;

constexpr std::chrono::milliseconds kControlPatience{100};

TapPairOptions TapOptionsOf(const BatchOptions& options, const Endpoint& target) {
  TapPairOptions taps;
  taps.target = target;
  taps.pod_netns_fd = options.pod_netns_fd;
  taps.capacity =
      std::max(options.max_in_flight, 1) + std::max(options.max_details, 0) + kUnsettledFlows;
  taps.connections_per_second = options.connections_per_second;
  return taps;
}

ConnectorOptions ConnectorOptionsOf(const BatchOptions& options, const Endpoint& target) {
  ConnectorOptions connector;
  connector.target = target;
  connector.timeout = options.timeout;
  connector.connections_per_second = options.connections_per_second;
  connector.max_in_flight = options.max_in_flight;
  connector.max_details = options.max_details;
  return connector;
}

std::string ReasonOf(const NotTried& not_tried) {
  std::string reason;
  const auto add = [&](const std::string& why, int count) {
    if (count > 0) {
      reason += (reason.empty() ? "" : ", ") + why + ": " + std::to_string(count);
    }
  };
  add("source port in use", not_tried.port_in_use);
  add("would have connected to itself", not_tried.self_connect);
  add("no socket (" + GoErrnoText(not_tried.socket_error) + ")", not_tried.no_socket);
  add("stopped", not_tried.stopped);
  return reason;
}

}  // namespace

Result<std::unique_ptr<BatchRun>> BatchRun::Open(const BatchOptions& options,
                                                 const ProbeClock& clock) {
  const auto address = ParseIpAddress(options.address);
  if (!address) {
    return protocol::Error{"\"" + options.address + "\" is not an IP address", 0};
  }
  const Endpoint target{*address, static_cast<std::uint16_t>(options.port)};
  return std::unique_ptr<BatchRun>(new BatchRun(options, target, clock));
}

BatchRun::BatchRun(const BatchOptions& options, const Endpoint& target, const ProbeClock& clock)
    : id_(options.id),
      target_(target),
      clock_(clock),
      table_(options.source_ports),
      taps_(TapPair::Open(TapOptionsOf(options, target), clock)),
      connector_(ConnectorOptionsOf(options, target), table_, &taps_, clock) {}

Result<void> BatchRun::Run(std::size_t count, const RunHook& hook) {
  if (start_us_ < 0) {
    start_us_ = clock_.NowUs();
    taps_.StartControlConnection();
  }
  auto run = connector_.Run(done_, count, hook);
  if (run) {
    done_ += std::min(count, table_.size() - done_);
  }
  return run;
}

protocol::BatchEnd BatchRun::Finish() {
  taps_.StartControlConnection();
  taps_.AwaitControlConnection(kControlPatience);
  taps_.Drain();
  connector_.RefreshSeen();
  std::replace(
      table_.results.begin(), table_.results.end(), kResultPending, protocol::kResultNotTried);

  protocol::BatchEnd end;
  end.batch = id_;
  end.planned = static_cast<int>(table_.size());
  for (const std::int32_t result : table_.results) {
    int& count = result == 0                           ? end.established
                 : result == protocol::kResultNotTried ? end.not_tried
                                                       : end.failed;
    ++count;
  }
  end.tried = end.planned - end.not_tried;
  NotTried not_tried = connector_.not_tried();
  not_tried.stopped += static_cast<int>(table_.size() - done_);
  end.not_tried_reason = ReasonOf(not_tried);
  end.end_us = clock_.NowUs();
  end.start_us = start_us_ < 0 ? end.end_us : start_us_;
  end.details_omitted = connector_.failures_omitted();
  end.node_tap = taps_.TakeNodeStatistics();
  end.pod_tap = taps_.TakePodStatistics();
  return end;
}

std::string BatchRun::source_address() const {
  return FormatIpAddress(taps_.source_address());
}

std::vector<protocol::HandshakeDetail> BatchRun::Details() const {
  std::vector<protocol::HandshakeDetail> details;
  for (const FailedAttempt& failure : connector_.failures()) {
    protocol::HandshakeDetail detail;
    detail.batch = id_;
    detail.index = static_cast<int>(failure.index);
    detail.source_address = source_address();
    detail.source_port = table_.source_ports[failure.index];
    detail.result = table_.results[failure.index];
    detail.error = DialErrorText(target_, detail.result);
    detail.tcp_state = TcpStateName(failure.tcp_state);
    detail.retransmits = failure.retransmits;
    if (failure.flow >= 0) {
      const Flow& flow = taps_.flow(failure.flow);
      std::transform(flow.packets.begin(),
                     flow.packets.begin() + flow.packet_count,
                     std::back_inserter(detail.packets),
                     ToFact);
    }
    details.push_back(std::move(detail));
  }
  return details;
}

}  // namespace netcheck::probe
