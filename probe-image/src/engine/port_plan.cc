#include "engine/port_plan.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iterator>
#include <optional>
#include <set>

#include "engine/seeded_random.h"

namespace netcheck::probe {
namespace {

using protocol::PortPlan;
using protocol::PortPlanKind;

/// How far away a control may be from its suspect.
constexpr int kMaxControlDistance = 2;

std::uint16_t ToPort(int port) {
  return static_cast<std::uint16_t>(port);
}

/// Kubelet could get this port.
bool Eligible(const PortRange& range, int port) {
  return range.Contains(port) && !range.Reserved(port);
}

/// Swaps ports that follow a near neighbour with a later one, as far as there is one.
void SeparateNeighbours(std::vector<std::uint16_t>& ports) {
  const auto near = [](int a, int b) { return std::abs(a - b) <= kMaxControlDistance; };
  for (std::size_t i = 1; i < ports.size(); ++i) {
    if (!near(ports[i - 1], ports[i])) {
      continue;
    }
    const auto other = std::find_if(ports.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                                    ports.end(),
                                    [&](std::uint16_t port) { return !near(ports[i - 1], port); });
    if (other != ports.end()) {
      std::swap(ports[i], *other);
    }
  }
}

/// An eligible port of [low, high], if there is one: the wanted parity first.
std::optional<int> PickPort(
    const PortRange& range, int low, int high, int parity, SeededRandom& random) {
  const int size = high - low + 1;
  const int offset = static_cast<int>(random.Below(static_cast<std::size_t>(size)));
  std::optional<int> other;
  for (int i = 0; i < size; ++i) {
    const int port = low + (offset + i) % size;
    if (!Eligible(range, port)) {
      continue;
    }
    if (port % 2 == parity) {
      return port;
    }
    other = other.value_or(port);
  }
  return other;
}

PlannedPorts Spread(int count, const PortRange& range, SeededRandom& random) {
  PlannedPorts planned;
  const int size = range.local.last - range.local.first + 1;
  const int parts = std::min(count, size);
  for (int i = 0; i < parts; ++i) {
    const auto part_start = [&](std::int64_t part) {
      return range.local.first + static_cast<int>(part * size / parts);
    };
    const auto port =
        PickPort(range, part_start(i), part_start(i + 1) - 1, (range.local.first + i) % 2, random);
    if (port) {
      planned.ports.push_back(ToPort(*port));
    }
  }
  random.Shuffle(planned.ports);
  SeparateNeighbours(planned.ports);
  return planned;
}

/// The nearest eligible port in that direction that is no suspect itself.
std::optional<int> Control(const std::set<int>& suspects,
                           const PortRange& range,
                           int suspect,
                           int direction) {
  for (int distance = 1; distance <= kMaxControlDistance; ++distance) {
    const int port = suspect + direction * distance;
    if (Eligible(range, port) && suspects.count(port) == 0) {
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
          return Eligible(input.range, port);
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
  std::transform(chosen.begin(), chosen.end(), std::back_inserter(planned.ports), ToPort);
  random.Shuffle(planned.ports);
  SeparateNeighbours(planned.ports);
  return planned;
}

/// Passes over the whole range in wide steps, each with another offset: neighbours are far apart in
/// time, a short disturbance hits no connected range, and the columns compress to one ramp a pass.
PlannedPorts Sweep(const PortRange& range, SeededRandom& random) {
  const int size = range.local.last - range.local.first + 1;
  const int step = std::max(1, static_cast<int>(std::sqrt(size)));
  std::vector<int> offsets(static_cast<std::size_t>(step));
  for (int i = 0; i < step; ++i) {
    offsets[static_cast<std::size_t>(i)] = i;
  }
  random.Shuffle(offsets);
  PlannedPorts planned;
  planned.ports.reserve(static_cast<std::size_t>(size));
  for (const int offset : offsets) {
    for (int port = range.local.first + offset; port <= range.local.last; port += step) {
      planned.ports.push_back(ToPort(port));
    }
  }
  return planned;
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
      return Spread(plan.count, input.range, random);
    case PortPlanKind::kSuspects:
      return Suspects(plan, input, random);
    case PortPlanKind::kSweep:
      return Sweep(input.range, random);
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
