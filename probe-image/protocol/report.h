#pragma once

#include <optional>
#include <string>
#include <vector>

#include "protocol/facts.h"
#include "protocol/stream.h"

namespace netcheck::protocol {

/// Everything one run of the probe reported, sorted by kind. Facts that were split over several
/// lines stay split here; the functions below look through all parts.
struct ProbeReport {
  std::optional<Hello> hello;
  std::vector<ClockPair> clocks;
  std::vector<Unavailable> unavailable;
  std::vector<TargetState> targets;
  std::vector<Sysctls> sysctls;
  std::vector<Counters> counters;
  std::vector<Listeners> listeners;
  std::vector<ConntrackTable> conntrack_tables;
  std::vector<ConntrackUsage> conntrack_usage;
  std::vector<PodSockets> pod_sockets;
  std::vector<ConntrackEntry> conntrack_entries;
  std::vector<IpvsServices> ipvs_services;
  std::vector<IpvsConnections> ipvs_connections;
  std::vector<Neighbours> neighbours;
  std::vector<FilterTable> filter_tables;
  std::vector<CpuThrottling> cpu_throttling;
  std::vector<Tap> taps;
  std::vector<HandshakeColumns> handshakes;
  std::vector<HandshakeDetail> handshake_details;
  std::vector<BatchEnd> batch_ends;
  std::vector<CheckAttempt> check_attempts;
  std::optional<End> end;
  /// No line is missing and the end fact is there.
  bool complete = false;
  std::int64_t missing_lines = 0;
  std::vector<std::string> foreign_lines;
};

ProbeReport ReportFromStream(const StreamReader& stream);

/// {"facts": [...], "complete": ..., "missing_lines": ..., "foreign_lines": [...]}
Json ToJson(const ProbeReport& report);
Result<ProbeReport> ReportFromJson(const Json& json);

std::optional<std::string> FindSysctl(const ProbeReport& report,
                                      Where where,
                                      Moment moment,
                                      const std::string& name);
/// nullopt: this kernel has no such counter, or it could not be read.
std::optional<std::int64_t> FindCounter(const ProbeReport& report,
                                        Where where,
                                        Moment moment,
                                        const std::string& name);
/// Listeners of that moment; nullopt: they could not be listed (an empty list was listed).
std::optional<std::vector<Listener>> FindListeners(const ProbeReport& report,
                                                   Where where,
                                                   Moment moment);
std::optional<ConntrackTable> FindConntrackTable(const ProbeReport& report,
                                                 Where where,
                                                 Moment moment);
std::optional<TargetState> FindTarget(const ProbeReport& report, Moment moment);
/// The packet filter's tables of that moment, each whole.
std::vector<FilterTable> FindFilterTables(const ProbeReport& report, Where where, Moment moment);

/// One attempt taken out of its columns.
struct Handshake {
  std::string batch;
  int index = 0;
  std::string source_address;
  int source_port = 0;
  int result = 0;
  std::uint32_t seen = 0;
  std::int64_t start_us = 0;
  std::int64_t duration_us = 0;
};

/// All attempts of a batch in order; columns that contradict their own count are an error.
Result<std::vector<Handshake>> ExpandHandshakes(const ProbeReport& report,
                                                const std::string& batch);

}  // namespace netcheck::protocol
