#include <algorithm>
#include <cerrno>
#include <set>
#include <utility>

#include "kernel/address_text.h"
#include "kernel/ipvs.h"
#include "kernel/sysctls.h"
#include "kernel/tables.h"
#include "protocol/port_range.h"
#include "sys/file_reader.h"

namespace netcheck::probe {
namespace {

using protocol::Error;
using protocol::Fact;

constexpr std::size_t kMaxServices = 1000;
constexpr std::size_t kMaxDestinations = 32;  ///< Of one service: it must fit into one line.
constexpr std::size_t kMaxConnections = 200;
/// Some 60,000 services and destinations.
constexpr std::size_t kMaxServiceFile = 4U << 20U;
/// Half a million connections: the time that the file takes is the limit, not memory.
constexpr std::size_t kMaxConnectionFile = 64U << 20U;

/// procfs knows IPVS's files only while the module is there.
Error WithReason(const Error& error) {
  return error.error_number == ENOENT ? Error{"module ip_vs is not loaded", ENOENT} : error;
}

/// Leaves out the least relevant services when there are too many; returns how many.
std::size_t Shorten(std::vector<protocol::IpvsService>& services, const std::string& proc_root) {
  if (services.size() <= kMaxServices) {
    return 0;
  }
  const auto local = ReadSysctl("net.ipv4.ip_local_port_range", proc_root);
  const auto range = protocol::ParsePortRange(local ? *local : std::string(), "");
  if (range) {
    std::stable_partition(services.begin(), services.end(), [&](const auto& service) {
      return range->Contains(service.port);
    });
  }
  const std::size_t left_out = services.size() - kMaxServices;
  services.resize(kMaxServices);
  return left_out;
}

}  // namespace

// Where other network namespaces have services, too, the kernel leaves some of this one's out of a
// file of more than a page: it goes on at a position that counts all of them
// (net/netfilter/ipvs/ip_vs_ctl.c, ip_vs_info_seq_next) as if it counted this one's only
// (ip_vs_info_array). On a node that is a machine, only the node's has any.
std::vector<Fact> ReadIpvsServices(const SnapshotLabel& label, const std::string& proc_root) {
  IpvsServiceParser parser(kMaxDestinations);
  const auto read =
      ForEachLine(proc_root + "/net/ip_vs", kMaxServiceFile, [&parser](std::string_view line) {
        parser.AddLine(line);
        return Lines::kContinue;
      });
  std::vector<Fact> facts;
  if (!read.ok()) {
    facts.emplace_back(label.Missing("ipvs.services", WithReason(read.error())));
    if (read.error().error_number != EFBIG) {
      return facts;
    }
  }
  if (parser.malformed() > 0) {
    facts.emplace_back(label.Missing(
        "ipvs.services", Error{std::to_string(parser.malformed()) + " malformed lines", 0}));
  }
  if (const auto left_out = Shorten(parser.services(), proc_root); left_out > 0) {
    facts.emplace_back(label.Missing(
        "ipvs.services", Error{std::to_string(left_out) + " more services than are reported", 0}));
  }
  facts.emplace(facts.begin(), protocol::IpvsServices{label.moment, std::move(parser.services())});
  return facts;
}

std::vector<Fact> ReadIpvsConnections(const SnapshotLabel& label,
                                      const std::vector<std::string>& addresses,
                                      const std::string& proc_root) {
  // Both sides in canonical text, as the codec writes it.
  std::set<std::string> wanted;
  for (const auto& address : addresses) {
    if (const auto parsed = ParseIpAddress(address)) {
      wanted.insert(ToText(*parsed));
    }
  }
  protocol::IpvsConnections connections{label.moment, {}};
  std::size_t left_out = 0;
  const auto read =
      ForEachLine(proc_root + "/net/ip_vs_conn", kMaxConnectionFile, [&](std::string_view line) {
        auto connection = ParseIpvsConnection(line);
        if (!connection ||
            !(wanted.contains(connection->client) || wanted.contains(connection->destination) ||
              wanted.contains(connection->virtual_address))) {
          return Lines::kContinue;
        }
        if (connections.connections.size() < kMaxConnections) {
          connections.connections.push_back(std::move(*connection));
        } else {
          ++left_out;
        }
        return Lines::kContinue;
      });
  std::vector<Fact> facts;
  if (!read.ok()) {
    facts.emplace_back(label.Missing("ipvs.connections", WithReason(read.error())));
    if (read.error().error_number != EFBIG) {
      return facts;
    }
  }
  if (left_out > 0) {
    facts.emplace_back(
        label.Missing("ipvs.connections",
                      Error{std::to_string(left_out) + " more connections than are reported", 0}));
  }
  facts.emplace(facts.begin(), std::move(connections));
  return facts;
}

}  // namespace netcheck::probe
