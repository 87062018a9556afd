#include "kernel/split_fact.h"

#include <doctest/doctest.h>

#include "protocol/stream.h"
#include "unit/kernel/fact_lists.h"

using netcheck::probe::SplitFact;
using netcheck::protocol::Counters;
using netcheck::protocol::EncodeLine;
using netcheck::protocol::Fact;
using netcheck::protocol::kMaxLineBytes;
using netcheck::protocol::Listeners;
using netcheck::protocol::Moment;
using netcheck::protocol::Where;
using netcheck::test::FactsOf;

namespace {

void CheckLineLengths(const std::vector<Fact>& facts) {
  for (const auto& fact : facts) {
    CHECK(EncodeLine(1'000'000, fact).size() <= kMaxLineBytes);
  }
}

}  // namespace

TEST_CASE("split: what fits stays whole, an empty list too") {
  const auto facts = SplitFact(Listeners{Moment::kIdle, Where::kPod, {}});
  CHECK(facts.size() == 1);
}

TEST_CASE("split: a long map loses nothing") {
  Counters counters{Moment::kAfter, Where::kPod, {}};
  for (int i = 0; i < 1000; ++i) {
    counters.values["TcpExt.Counter" + std::to_string(i)] = i;
  }
  const auto facts = SplitFact(counters);
  CHECK(facts.size() > 1);
  CheckLineLengths(facts);
  std::map<std::string, std::int64_t> joined;
  for (const auto& part : FactsOf<Counters>(facts)) {
    CHECK(part.moment == Moment::kAfter);
    CHECK(part.where == Where::kPod);
    joined.insert(part.values.begin(), part.values.end());
  }
  CHECK(joined == counters.values);
}

TEST_CASE("split: a long list keeps its order") {
  Listeners listeners{Moment::kBefore, Where::kNode, {}};
  for (int i = 0; i < 500; ++i) {
    listeners.listeners.push_back({"0.0.0.0", i, false, 0, 128});
  }
  const auto facts = SplitFact(listeners);
  CheckLineLengths(facts);
  int next = 0;
  for (const auto& part : FactsOf<Listeners>(facts)) {
    for (const auto& listener : part.listeners) {
      CHECK(listener.port == next++);
    }
  }
  CHECK(next == 500);
}

TEST_CASE("split: an element that can't be divided comes back as it is") {
  netcheck::protocol::Sysctls sysctls{Moment::kIdle, Where::kNode, {}};
  sysctls.values["a"] = std::string(2 * kMaxLineBytes, 'x');
  CHECK(SplitFact(sysctls).size() == 1);
}
