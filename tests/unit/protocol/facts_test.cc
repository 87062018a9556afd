#include "protocol/facts.h"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

#include "protocol/json.h"
#include "unit/protocol/sample_facts.h"

namespace netcheck::protocol {
namespace {

TEST_CASE("facts: every kind survives the way through JSON") {
  std::set<std::size_t> seen;
  for (const Fact& fact : SampleFacts()) {
    const Json json = ToJson(fact);
    CAPTURE(json.dump());
    const auto decoded = FactFromJson(Json::parse(json.dump()));
    REQUIRE(decoded.ok());
    REQUIRE(decoded->has_value());
    CHECK((*decoded)->index() == fact.index());
    CHECK(ToJson(**decoded) == json);
    seen.insert(fact.index());
  }
  CHECK(seen.size() == std::variant_size_v<Fact>);
}

TEST_CASE("facts: no field of the samples is at its default") {
  // Otherwise a field that is missing from the JSON form would go unnoticed by the round trip.
  for (const Fact& fact : SampleFacts()) {
    const Json json = ToJson(fact);
    for (const auto& field : json.items()) {
      CAPTURE(json["kind"].get<std::string>());
      CAPTURE(field.key());
      CHECK_FALSE(field.value().is_null());
      CHECK(field.value() != Json(""));
      CHECK(field.value() != Json(0));
      CHECK(field.value() != Json(false));
    }
  }
}

TEST_CASE("facts: absent fields take their defaults") {
  const auto decoded = FactFromJson(Json{{"kind", "check-attempt"}, {"check", "c"}});
  REQUIRE(decoded.ok());
  const auto& attempt = std::get<CheckAttempt>(**decoded);
  CHECK(attempt.check == "c");
  CHECK_FALSE(attempt.connect_us.has_value());
  CHECK(attempt.phase == CheckPhase::kUnknown);
  CHECK(attempt.http_status == 0);
}

TEST_CASE("facts: unknown fields and values of enums are ignored") {
  const auto decoded = FactFromJson(
      Json{{"kind", "tap"}, {"where", "in-between"}, {"open", true}, {"ring_pages", 64}});
  REQUIRE(decoded.ok());
  const auto& tap = std::get<Tap>(**decoded);
  CHECK(tap.open);
  CHECK(tap.where == Where::kUnknown);
}

TEST_CASE("facts: an unknown kind is skipped, not an error") {
  const auto decoded = FactFromJson(Json{{"kind", "quantum-state"}, {"spin", 0.5}});
  REQUIRE(decoded.ok());
  CHECK_FALSE(decoded->has_value());
}

TEST_CASE("facts: what is not a fact is an error") {
  for (const char* text : {"{}",
                           "[]",
                           "null",
                           R"({"kind": 7})",
                           R"({"kind": "tap", "open": "yes"})",
                           R"({"kind": "handshakes", "results": [[1]]})",
                           R"({"kind": "handshakes", "results": [1, 2]})",
                           R"({"kind": "end", "lines": 1.7e22})",
                           R"({"kind": "handshakes", "results": [[1, -2.5]]})",
                           R"({"kind": "sysctls", "values": {"a": 1}})"}) {
    CAPTURE(text);
    CHECK_FALSE(FactFromJson(Json::parse(text)).ok());
  }
}

}  // namespace
}  // namespace netcheck::protocol
