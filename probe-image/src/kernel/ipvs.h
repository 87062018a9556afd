#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "protocol/facts.h"

// Codecs of IPVS's text files (net/netfilter/ipvs). Pure.
namespace netcheck::probe {

/// Collects /proc/net/ip_vs (ip_vs_info_seq_show in ip_vs_ctl.c) line by line: a service, then a
/// line " -> ADDRESS:PORT" for each destination. Firewall-mark services have no address and are
/// left out, with their destinations.
class IpvsServiceParser {
 public:
  /// Destinations beyond `max_destinations` of a service are counted nowhere: that a service exists
  /// is what matters to a source port.
  explicit IpvsServiceParser(std::size_t max_destinations) : max_destinations_(max_destinations) {}

  void AddLine(std::string_view line);
  /// Lines that are neither header, service nor destination.
  [[nodiscard]] int malformed() const { return malformed_; }
  [[nodiscard]] std::vector<protocol::IpvsService>& services() { return services_; }

 private:
  void AddDestination(const std::vector<std::string_view>& words);
  void AddService(const std::vector<std::string_view>& words);

  std::size_t max_destinations_;
  std::vector<protocol::IpvsService> services_;
  bool in_service_ = false;  ///< The last service line was understood.
  int malformed_ = 0;
};

/// A line of /proc/net/ip_vs_conn (ip_vs_conn_seq_show in ip_vs_conn.c); nullopt: the header, or
/// malformed.
std::optional<protocol::IpvsConnection> ParseIpvsConnection(std::string_view line);

}  // namespace netcheck::probe
