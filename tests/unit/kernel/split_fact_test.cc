#include "kernel/split_fact.h"

#include <doctest/doctest.h>

#include "protocol/stream.h"
#include "unit/kernel/fact_lists.h"

using netcheck::probe::SplitFact;
using netcheck::protocol::Counters;
using netcheck::protocol::EncodeLine;
using netcheck::protocol::Fact;
using netcheck::protocol::IpvsServices;
using netcheck::protocol::kMaxLineBytes;
using netcheck::protocol::Listeners;
using netcheck::protocol::Moment;
using netcheck::protocol::TargetState;
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

TEST_CASE("split: a target of many containers, each part with all that is said of it") {
  TargetState target{Moment::kBefore, true, "", 4026531840, 4026531841, {}};
  for (int i = 0; i < 60; ++i) {
    target.containers.push_back(
        {"container-" + std::to_string(i), std::string(64, 'a'), true, i, 7});
  }
  const auto facts = SplitFact(target);
  CheckLineLengths(facts);
  int next = 0;
  for (const auto& part : FactsOf<TargetState>(facts)) {
    CHECK(part.moment == Moment::kBefore);
    CHECK(part.found);
    CHECK(part.pod_netns == target.pod_netns);
    CHECK(part.node_netns == target.node_netns);
    for (const auto& container : part.containers) {
      CHECK(container.pid == next++);
    }
  }
  CHECK(next == 60);
}

TEST_CASE("split: an IPVS service of many destinations is listed again with the rest of them") {
  IpvsServices services{Moment::kBefore, {{"TCP", "10.96.0.10", 80, "rr", {}}}};
  for (int i = 0; i < 300; ++i) {
    services.services[0].destinations.push_back({"10.1.0.1", i, 1});
  }
  const auto facts = SplitFact(services);
  CheckLineLengths(facts);
  int next = 0;
  for (const auto& part : FactsOf<IpvsServices>(facts)) {
    REQUIRE(part.services.size() == 1);
    CHECK(part.services[0].address == "10.96.0.10");
    CHECK(part.services[0].port == 80);
    CHECK(part.services[0].scheduler == "rr");
    for (const auto& destination : part.services[0].destinations) {
      CHECK(destination.port == next++);
    }
  }
  CHECK(next == 300);
}
