#include <string>
#include <type_traits>
#include <utility>

#include "protocol/facts.h"
#include "protocol/fraction_range.h"
#include "protocol/json.h"

namespace netcheck::protocol {

NLOHMANN_JSON_SERIALIZE_ENUM(
    Where, {{Where::kUnknown, nullptr}, {Where::kNode, "node"}, {Where::kPod, "pod"}})
NLOHMANN_JSON_SERIALIZE_ENUM(Moment,
                             {{Moment::kUnknown, nullptr},
                              {Moment::kIdle, "idle"},
                              {Moment::kBefore, "before"},
                              {Moment::kAfter, "after"}})
NLOHMANN_JSON_SERIALIZE_ENUM(CheckPhase,
                             {{CheckPhase::kUnknown, nullptr},
                              {CheckPhase::kResolve, "resolve"},
                              {CheckPhase::kConnect, "connect"},
                              {CheckPhase::kTls, "tls"},
                              {CheckPhase::kRequest, "request"},
                              {CheckPhase::kHeaders, "headers"},
                              {CheckPhase::kBody, "body"},
                              {CheckPhase::kStart, "start"},
                              {CheckPhase::kRun, "run"},
                              {CheckPhase::kDone, "done"}})

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(
    Hello, protocol_version, probe_version, plan_id, kernel_release, machine)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(ClockPair, monotonic_us, realtime_us)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(
    Unavailable, moment, where, what, reason, error_number)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(
    ContainerProcess, name, id, running, pid, start_ticks)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(
    TargetState, moment, found, reason, pod_netns, node_netns, containers)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Sysctls, moment, where, values)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Counters, moment, where, values)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(
    Listener, address, port, v6only, queue, backlog, drops)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Listeners, moment, where, listeners)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(
    ConntrackTable, moment, where, count, max, buckets, stats, at_us)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(ConntrackUsage,
                                                moment,
                                                where,
                                                address,
                                                opened,
                                                accepted,
                                                assured,
                                                unreplied,
                                                states,
                                                destinations,
                                                cut_off,
                                                took_us,
                                                uncounted)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(
    PodSockets, moment, pod_uid, netns, addresses, in_use, counted, states)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(
    ConntrackTuple, source, source_port, destination, destination_port)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(
    ConntrackEntry, where, batch, index, found, tcp_state, status, original, reply)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(IpvsDestination, address, port, weight)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(
    IpvsService, protocol, address, port, scheduler, destinations)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(IpvsServices, moment, services)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(IpvsConnection,
                                                protocol,
                                                client,
                                                client_port,
                                                virtual_address,
                                                virtual_port,
                                                destination,
                                                destination_port,
                                                state)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(IpvsConnections, moment, connections)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Neighbour, address, device, state, state_age_ms)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Neighbours, moment, neighbours, at_us)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(
    FilterTable, moment, where, backend, family, name, chains, service_chains, other_chains)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(
    CpuThrottling, moment, subject, periods, throttled_periods, throttled_us)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Tap, where, open, reason, mode)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(HandshakeColumns,
                                                batch,
                                                first,
                                                count,
                                                source_address,
                                                source_ports,
                                                results,
                                                seen,
                                                start_us,
                                                duration_us)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(
    Packet, where, at_us, kind, source, destination, seq, ack)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(HandshakeDetail,
                                                batch,
                                                index,
                                                source_address,
                                                source_port,
                                                result,
                                                error,
                                                tcp_state,
                                                retransmits,
                                                packets)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(TapBatch, open, dropped, packets_in, packets_out)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(BatchEnd,
                                                batch,
                                                planned,
                                                tried,
                                                established,
                                                failed,
                                                not_tried,
                                                not_tried_reason,
                                                start_us,
                                                end_us,
                                                details_omitted,
                                                node_tap,
                                                pod_tap)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(ExecRun,
                                                source,
                                                seccomp_left_out,
                                                started_us,
                                                exited_us,
                                                exit_code,
                                                killed,
                                                output_held_open,
                                                left_running)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(ServerSocket,
                                                tcp_state,
                                                accepted,
                                                unread,
                                                unacknowledged,
                                                retransmits,
                                                segment_size,
                                                timestamps,
                                                quiet_ms,
                                                bytes_received,
                                                bytes_acknowledged,
                                                probe_sent,
                                                probe_received,
                                                probe_unacknowledged)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(CheckAttempt,
                                                check,
                                                index,
                                                source_address,
                                                source_port,
                                                start_us,
                                                connect_us,
                                                tls_us,
                                                first_byte_us,
                                                total_us,
                                                phase,
                                                result,
                                                error,
                                                connect_result,
                                                http_status,
                                                output,
                                                server,
                                                location,
                                                seen,
                                                server_socket,
                                                exec)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Heartbeat, tried, planned)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(End, reason, lines, max_rss_kib, cpu_us)

namespace {

/// `kind` of each alternative of Fact, in its order.
constexpr const char* kKinds[] = {"hello",
                                  "clock",
                                  "unavailable",
                                  "target",
                                  "sysctls",
                                  "counters",
                                  "listeners",
                                  "conntrack-table",
                                  "conntrack-usage",
                                  "pod-sockets",
                                  "conntrack-entry",
                                  "ipvs-services",
                                  "ipvs-connections",
                                  "neighbours",
                                  "filter-table",
                                  "cpu-throttling",
                                  "tap",
                                  "handshakes",
                                  "handshake-detail",
                                  "batch-end",
                                  "check-attempt",
                                  "heartbeat",
                                  "end"};
static_assert(std::size(kKinds) == std::variant_size_v<Fact>);

template <std::size_t I = 0>
std::optional<Fact> Decode(const std::string& kind, const Json& json) {
  if constexpr (I == std::variant_size_v<Fact>) {
    return std::nullopt;
  } else {
    if (kind == kKinds[I]) {
      return Fact(json.get<std::variant_alternative_t<I, Fact>>());
    }
    return Decode<I + 1>(kind, json);
  }
}

}  // namespace

Json ToJson(const Fact& fact) {
  Json json = std::visit([](const auto& value) { return Json(value); }, fact);
  json["kind"] = kKinds[fact.index()];
  return json;
}

Result<std::optional<Fact>> FactFromJson(const Json& json) {
  if (HasFractionOutOfRange(json)) {
    return Error{"fact: a fraction that is out of range"};
  }
  try {
    return Decode(json.at("kind").get<std::string>(), json);
  } catch (const Json::exception& e) {
    return Error{std::string("fact: ") + e.what()};
  }
}

}  // namespace netcheck::protocol
