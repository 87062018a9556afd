#include "gather/service_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "gather/plan_parts.h"
#include "model/address_text.h"

namespace netcheck::gather {
namespace {

using model::ServiceEndpoint;
using model::ServiceWay;
using model::WayKind;

constexpr std::size_t kMaxEndpoints = 20;
constexpr int kPerEndpoint = 5;
/// A handshake that takes longer than 3 s, one SYN and two repeats, is lost.
constexpr int kTimeoutMs = 3000;
/// Where so many connections in a row stay without an answer, more tell nothing.
constexpr int kGiveUpAfter = 10;

/// The way to this address and port, made when it is not there yet.
ServiceWay& WayTo(WayKind kind,
                  const std::string& address,
                  int port,
                  std::vector<ServiceWay>& ways) {
  const auto way = std::find_if(ways.begin(), ways.end(), [&](const ServiceWay& w) {
    return w.kind == kind && w.address == address && w.port == port;
  });
  return way != ways.end() ? *way : ways.emplace_back(ServiceWay{kind, address, port, {}, {}});
}

/// One address of the node for each family that the Service has.
std::vector<std::string> NodeAddresses(const model::ServiceTarget& service,
                                       const model::Node& node) {
  std::vector<std::string> addresses;
  for (const bool ipv6 : {false, true}) {
    const auto has_family = [&](const std::string& address) {
      return model::IsIpv6(address) == ipv6;
    };
    const auto address = std::find_if(node.addresses.begin(), node.addresses.end(), has_family);
    if (address != node.addresses.end() &&
        std::any_of(service.cluster_ips.begin(), service.cluster_ips.end(), has_family)) {
      addresses.push_back(*address);
    }
  }
  return addresses;
}

void AddServiceWays(const model::ServiceTarget& service,
                    const model::Node& node,
                    BuiltServicePlan& built) {
  for (const model::ServicePort& port : service.ports) {
    for (const std::string& ip : service.cluster_ips) {
      WayTo(WayKind::kClusterIp, ip, port.port, built.ways).service_ports.push_back(port.port);
    }
    if (port.node_port == 0) {
      continue;
    }
    const auto addresses = NodeAddresses(service, node);
    for (const std::string& address : addresses) {
      WayTo(WayKind::kNodePort, address, port.node_port, built.ways)
          .service_ports.push_back(port.port);
    }
    if (addresses.empty()) {
      built.not_seen.push_back({fmt::format("NodePort {}", port.node_port),
                                fmt::format("no address of node {} is known", node.name),
                                "the NodePort was not tried"});
    }
  }
}

/// Ready endpoints in an order that has some of this node and some of others among the first.
std::vector<ServiceEndpoint> InTurns(const model::ServiceTarget& service, const std::string& node) {
  std::vector<ServiceEndpoint> here;
  std::vector<ServiceEndpoint> elsewhere;
  for (const ServiceEndpoint& endpoint : service.endpoints) {
    if (endpoint.ready) {
      (endpoint.node == node ? here : elsewhere).push_back(endpoint);
    }
  }
  std::vector<ServiceEndpoint> all;
  for (std::size_t i = 0; i < std::max(here.size(), elsewhere.size()); ++i) {
    if (i < here.size()) {
      all.push_back(here[i]);
    }
    if (i < elsewhere.size()) {
      all.push_back(elsewhere[i]);
    }
  }
  return all;
}

void AddEndpointWays(const model::ServiceTarget& service,
                     const model::Node& node,
                     BuiltServicePlan& built) {
  std::set<std::pair<std::string, int>> taken;
  std::size_t left_out = 0;
  for (const ServiceEndpoint& endpoint : InTurns(service, node.name)) {
    const std::pair key(endpoint.address, endpoint.port);
    if (taken.size() == kMaxEndpoints && taken.count(key) == 0) {
      ++left_out;
      continue;
    }
    taken.insert(key);
    for (const model::ServicePort& port : service.ports) {
      if (port.name == endpoint.port_name) {
        WayTo(WayKind::kEndpoint, endpoint.address, endpoint.port, built.ways)
            .service_ports.push_back(port.port);
      }
    }
  }
  if (left_out > 0) {
    built.not_seen.push_back({fmt::format("{} other endpoints", left_out),
                              fmt::format("at most {} are connected to", kMaxEndpoints),
                              "whether they answer"});
  }
}

int HandshakesOf(WayKind kind, const model::ServiceTarget& service) {
  // Enough that every endpoint is likely to be chosen a few times.
  return kind == WayKind::kEndpoint
             ? kPerEndpoint
             : static_cast<int>(std::clamp<std::size_t>(service.endpoints.size() * 4, 20, 60));
}

}  // namespace

BuiltServicePlan BuildServicePlan(const model::ServiceTarget& service,
                                  const model::Node& node,
                                  const std::string& id,
                                  std::uint64_t seed,
                                  std::optional<int> time_limit_ms) {
  BuiltServicePlan built;
  built.plan = NewPlan(id, seed);
  built.plan.target.host_network = true;  // The node itself.
  AddServiceWays(service, node, built);
  AddEndpointWays(service, node, built);
  std::set<std::string> ids;
  for (ServiceWay& way : built.ways) {
    protocol::HandshakeBatch batch;
    batch.address = way.address;
    batch.port = way.port;
    batch.ports = {protocol::PortPlanKind::kKubelet, HandshakesOf(way.kind, service), {}};
    batch.timeout_ms = kTimeoutMs;
    batch.give_up_after = kGiveUpAfter;
    batch.id = BatchId(way.address, way.port, batch.ports.kind);
    way.batch_ids = {batch.id};
    // An endpoint may be the node itself, at the very port of a NodePort.
    if (ids.insert(batch.id).second) {
      built.plan.batches.push_back(std::move(batch));
    }
  }
  SetDeadline(time_limit_ms, built.plan);
  return built;
}

}  // namespace netcheck::gather
