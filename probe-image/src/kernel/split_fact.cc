#include "kernel/split_fact.h"

#include <iterator>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "protocol/stream.h"

namespace netcheck::probe {
namespace {

using protocol::Fact;

/// Highest number a line can have in a stream of 2 MiB, and more.
constexpr std::int64_t kLongestNumber = 9'999'999;

/// Moves the second half of a map or vector out of it; nullopt when one element is left.
template <typename Container>
std::optional<Container> TakeHalf(Container& container) {
  if (container.size() < 2) {
    return std::nullopt;
  }
  const auto middle = std::next(
      container.begin(), static_cast<typename Container::difference_type>(container.size() / 2));
  Container half(std::make_move_iterator(middle), std::make_move_iterator(container.end()));
  container.erase(middle, container.end());
  return half;
}

/// Moves half of the list `field` of `fact` into a second fact that is the same otherwise.
template <typename T, typename Container>
std::optional<Fact> HalveField(T& fact, Container T::*field) {
  auto half = TakeHalf(fact.*field);
  if (!half) {
    return std::nullopt;
  }
  Container kept = std::exchange(fact.*field, std::move(*half));
  T other = fact;
  fact.*field = std::move(kept);
  return other;
}

struct Halve {
  std::optional<Fact> operator()(protocol::TargetState& fact) const {
    return HalveField(fact, &protocol::TargetState::containers);
  }
  std::optional<Fact> operator()(protocol::Sysctls& fact) const {
    return HalveField(fact, &protocol::Sysctls::values);
  }
  std::optional<Fact> operator()(protocol::Counters& fact) const {
    return HalveField(fact, &protocol::Counters::values);
  }
  std::optional<Fact> operator()(protocol::Listeners& fact) const {
    return HalveField(fact, &protocol::Listeners::listeners);
  }
  std::optional<Fact> operator()(protocol::IpvsServices& fact) const {
    if (fact.services.size() != 1) {
      return HalveField(fact, &protocol::IpvsServices::services);
    }
    auto half = TakeHalf(fact.services.front().destinations);
    if (!half) {
      return std::nullopt;
    }
    protocol::IpvsServices other = fact;
    other.services.front().destinations = std::move(*half);
    return other;
  }
  std::optional<Fact> operator()(protocol::IpvsConnections& fact) const {
    return HalveField(fact, &protocol::IpvsConnections::connections);
  }
  std::optional<Fact> operator()(protocol::Neighbours& fact) const {
    return HalveField(fact, &protocol::Neighbours::neighbours);
  }
  std::optional<Fact> operator()(protocol::FilterTable& fact) const {
    return HalveField(fact, &protocol::FilterTable::chains);
  }
  template <typename T>
  std::optional<Fact> operator()(T& /*unsplittable*/) const {
    return std::nullopt;
  }
};

}  // namespace

std::vector<Fact> SplitFact(Fact fact) {
  std::vector<Fact> parts;
  std::vector<Fact> waiting;
  waiting.push_back(std::move(fact));
  while (!waiting.empty()) {
    const bool fits =
        protocol::EncodeLine(kLongestNumber, waiting.back()).size() <= protocol::kMaxLineBytes;
    auto half = fits ? std::nullopt : std::visit(Halve(), waiting.back());
    if (half) {
      waiting.insert(std::prev(waiting.end()), std::move(*half));
    } else {
      parts.push_back(std::move(waiting.back()));
      waiting.pop_back();
    }
  }
  return parts;
}

}  // namespace netcheck::probe
