#include "output/render.h"

#include <doctest/doctest.h>

#include <cerrno>
#include <sstream>

#include "protocol/json.h"
#include "support/evidence_builder.h"

namespace netcheck::output {
namespace {

using test::EvidenceBuilder;

EvidenceBuilder Sick() {
  EvidenceBuilder builder;
  builder
      .Handshakes(4,
                  {ECONNREFUSED,
                   protocol::kSeenNodeSyn | protocol::kSeenPodSyn | protocol::kSeenPodRst |
                       protocol::kSeenNodeRst})
      .Check(test::RefusedCheck())
      .Listeners({});
  builder.evidence().events = {{"Unhealthy",
                                "web",
                                "Readiness probe failed: refused",
                                7,
                                "2026-01-01T00:00:00Z",
                                "2026-01-01T00:01:00Z"}};
  builder.evidence().not_seen = {{"nodes", "forbidden", "the kernel version is not known"}};
  return builder;
}

std::string Table(const model::Evidence& evidence, const TableStyle& style = {}) {
  std::ostringstream out;
  RenderTable(diagnosis::Diagnose(evidence), evidence, style, out);
  return out.str();
}

protocol::Json AsJson(const model::Evidence& evidence) {
  std::ostringstream out;
  RenderJson(diagnosis::Diagnose(evidence), evidence, out);
  return protocol::Json::parse(out.str());
}

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("render: the table leads with the verdict and ends with what was not seen") {
  const std::string table = Table(Sick().Build());
  CHECK(table.rfind("Pod default/web on node node-a, address 10.244.0.5\nUNHEALTHY  ", 0) == 0);
  CHECK(Has(table, "CAUSE: Nothing listens on port 8080 in the pod (NC-LISTEN-001, proven)"));
  CHECK(Has(table, "Source ports 40000-40006"));
  CHECK(Has(table, "Readiness probe failed: refused (7 times"));
  CHECK(Has(table, "Not seen:\n  - nodes: forbidden; the kernel version is not known\n"));
}

TEST_CASE("render: no escape sequence without colour, none in plain glyphs") {
  CHECK_FALSE(Has(Table(Sick().Build()), "\x1b"));
  TableStyle style;
  style.color = true;
  CHECK(Has(Table(Sick().Build(), style), "\x1b[31;1mUNHEALTHY\x1b[0m"));
  style = {};
  style.unicode = false;
  for (const char c : Table(Sick().Build(), style)) {
    REQUIRE(static_cast<unsigned char>(c) < 0x80);
  }
}

TEST_CASE("render: no line of prose is wider than the terminal") {
  TableStyle style;
  style.width = 60;
  std::istringstream lines(Table(Sick().Build(), style));
  bool prose = false;
  for (std::string line; std::getline(lines, line);) {
    prose = prose || line.rfind("CAUSE", 0) == 0;
    if (prose) {
      CHECK(line.size() <= 60);
    }
  }
  CHECK(prose);
}

TEST_CASE("render: a healthy pod's table names no cause") {
  const std::string table =
      Table(EvidenceBuilder().Handshakes(4, {0, test::kSeenAll}).HttpAnswer(200, 900).Build());
  CHECK(Has(table, "HEALTHY  Every attempt passed."));
  CHECK_FALSE(Has(table, "CAUSE"));
  CHECK_FALSE(Has(table, "UNDETERMINED"));
}

TEST_CASE("render: JSON has the documented shape") {
  const protocol::Json json = AsJson(Sick().Build());
  CHECK(json["schemaVersion"] == 1);
  CHECK(json["verdict"] == "unhealthy");
  CHECK(json["target"]["pod"] == "web");
  const protocol::Json& finding = json["findings"].at(0);
  CHECK(finding["code"] == "NC-LISTEN-001");
  CHECK(finding["certainty"] == "proven");
  CHECK(finding["explains"] == 5);
  CHECK_FALSE(finding["evidence"].empty());
  CHECK_FALSE(finding["fix"].empty());
  const protocol::Json& attempt = json["checks"].at(1)["attempts"].at(3);
  CHECK(attempt["sourcePort"] == 40006);
  CHECK(attempt["outcome"] == "failure");
  CHECK(attempt["stage"] == "E");
  CHECK(json["notSeen"].at(0)["what"] == "nodes");
}

TEST_CASE("render: saved evidence gives the same report") {
  for (const EvidenceBuilder& builder :
       {Sick(), EvidenceBuilder().HttpAnswer(200, 3000000).Handshakes(4, {0, test::kSeenAll})}) {
    const model::Evidence live = builder.Build();
    const auto saved = model::Decode(model::Encode(live));
    REQUIRE(saved.ok());
    CHECK(Table(*saved, {.verbose = true}) == Table(live, {.verbose = true}));
    CHECK(AsJson(*saved).dump() == AsJson(live).dump());
  }
}

TEST_CASE("render: JSON survives bytes that are not UTF-8") {
  EvidenceBuilder builder = Sick();
  builder.evidence().report.check_attempts[0].output = "bad \xff byte";
  CHECK_FALSE(AsJson(builder.Build()).empty());
}

}  // namespace netcheck::output
