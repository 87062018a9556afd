#include "engine/port_plan.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <numeric>
#include <optional>
#include <set>

#include "engine/seeded_random.h"

namespace netcheck::probe {
namespace {

using protocol::PortPlan;
using protocol::PortPlanKind;
using protocol::PortRange;

/// How far away a control may be from its suspect.
constexpr int kMaxControlDistance = 2;

std::uint16_t ToPort(int port) {
  return static_cast<std::uint16_t>(port);
}

/// Passes over all ports in wide steps, each with another offset: neighbours are far apart in time,
/// a short disturbance hits no connected range, and a sweep's column of ports is one ramp a pass.
std::vector<std::uint16_t> InterleavedOrder(const std::vector<std::uint16_t>& sorted,
                                            SeededRandom& random) {
  const auto root = static_cast<std::size_t>(std::sqrt(static_cast<double>(sorted.size())));
  std::vector<std::size_t> offsets(std::max<std::size_t>(3, root));
  std::iota(offsets.begin(), offsets.end(), 0);
  random.Shuffle(offsets);
  std::vector<std::uint16_t> order;
  order.reserve(sorted.size());
  for (const std::size_t offset : offsets) {
    for (std::size_t i = offset; i < sorted.size(); i += offsets.size()) {
      order.push_back(sorted[i]);
    }
  }
  return order;
}

/// An eligible port of [low, high], if there is one: the wanted parity first.
std::optional<int> PickPort(
    const PortRange& range, int low, int high, int parity, SeededRandom& random) {
  const int size = high - low + 1;
  const int offset = static_cast<int>(random.Below(static_cast<std::size_t>(size)));
  std::optional<int> other;
  for (int i = 0; i < size; ++i) {
    const int port = low + (offset + i) % size;
    if (!range.Eligible(port)) {
      continue;
    }
    if (port % 2 == parity) {
      return port;
    }
    other = other.value_or(port);
  }
  return other;
}

std::vector<std::uint16_t> Spread(int count, const PortRange& range, SeededRandom& random) {
  std::vector<std::uint16_t> ports;
  const int size = range.local.last - range.local.first + 1;
  const int parts = std::min(count, size);
  for (int i = 0; i < parts; ++i) {
    const auto part_start = [&](std::int64_t part) {
      return range.local.first + static_cast<int>(part * size / parts);
    };
    const auto port =
        PickPort(range, part_start(i), part_start(i + 1) - 1, (range.local.first + i) % 2, random);
    if (port) {
      ports.push_back(ToPort(*port));
    }
  }
  return InterleavedOrder(ports, random);
}

/// The nearest eligible port in that direction that is no suspect itself.
std::optional<int> Control(const std::set<int>& suspects,
                           const PortRange& range,
                           int suspect,
                           int direction) {
  for (int distance = 1; distance <= kMaxControlDistance; ++distance) {
    const int port = suspect + direction * distance;
    if (range.Eligible(port) && suspects.count(port) == 0) {
      return port;
    }
  }
  return std::nullopt;
}

PlannedPorts Suspects(const PortPlan& plan, const PortPlanInput& input, SeededRandom& random) {
  std::set<int> suspects;
  for (const std::vector<int>* source : {&plan.ports, &input.ipvs_ports}) {
    std::copy_if(
        source->begin(), source->end(), std::inserter(suspects, suspects.end()), [&](int port) {
          return input.range.Eligible(port);
        });
  }
  std::vector<int> order(suspects.begin(), suspects.end());
  random.Shuffle(order);

  PlannedPorts planned;
  std::set<int> chosen;
  const auto has_room = [&] {
    return plan.count <= 0 || chosen.size() < static_cast<std::size_t>(plan.count);
  };
  for (const int suspect : order) {
    if (!has_room()) {
      ++planned.suspects_omitted;
      continue;
    }
    chosen.insert(suspect);
    for (const int direction : {-1, 1}) {
      const auto control = Control(suspects, input.range, suspect, direction);
      if (control && has_room()) {
        chosen.insert(*control);
      }
    }
  }
  std::vector<std::uint16_t> sorted;
  std::transform(chosen.begin(), chosen.end(), std::back_inserter(sorted), ToPort);
  planned.ports = InterleavedOrder(sorted, random);
  return planned;
}

std::vector<std::uint16_t> Sweep(const PortRange& range, SeededRandom& random) {
  std::vector<std::uint16_t> ports(
      static_cast<std::size_t>(range.local.last - range.local.first + 1));
  std::iota(ports.begin(), ports.end(), ToPort(range.local.first));
  return InterleavedOrder(ports, random);
}

}  // namespace

PlannedPorts PlanSourcePorts(const PortPlan& plan, const PortPlanInput& input) {
  SeededRandom random(input.seed);
  const auto count = static_cast<std::size_t>(std::max(0, plan.count));
  PlannedPorts planned;
  switch (plan.kind) {
    case PortPlanKind::kKubelet:
      planned.ports.assign(count, 0);
      break;
    case PortPlanKind::kSpread:
      planned.ports = Spread(plan.count, input.range, random);
      break;
    case PortPlanKind::kSuspects:
      return Suspects(plan, input, random);
    case PortPlanKind::kSweep:
      planned.ports = Sweep(input.range, random);
      break;
    case PortPlanKind::kList:
      std::transform(
          plan.ports.begin(), plan.ports.end(), std::back_inserter(planned.ports), ToPort);
      break;
    case PortPlanKind::kUnknown:
      break;
  }
  return planned;
}

}  // namespace netcheck::probe
