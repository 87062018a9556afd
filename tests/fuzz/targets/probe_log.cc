// The log of the probe pod, and what the plugin makes of the facts in it.
#include <sstream>

#include "diagnosis/finding.h"
#include "fuzz/fuzz_api.h"
#include "fuzz/fuzz_target.h"
#include "output/render.h"
#include "probe/log_follower.h"
#include "protocol/json.h"
#include "protocol/report.h"
#include "support/evidence_builder.h"

namespace netcheck::fuzz {
namespace {

class Nobody : public probe_pod::Observer {
 public:
  void Step(const std::string& /*what*/) override {}
  void Attempts(int /*tried*/, int /*planned*/) override {}
  void Line(std::string_view /*line*/) override {}
  void Warning(const std::string& /*what*/) override {}
};

protocol::ProbeReport ReadLog(std::string_view log) {
  FuzzApi api(log);
  protocol::StreamReader stream;
  Nobody nobody;
  static_cast<void>(probe_pod::LogFollower(api, "/log", stream, nobody).Read(true));
  return protocol::ReportFromStream(stream);
}

void Judge(const model::Evidence& evidence) {
  const diagnosis::Report report = diagnosis::Diagnose(evidence);
  std::ostringstream out;
  output::RenderTable(report, evidence, {.verbose = true}, out);
  output::RenderJson(report, evidence, out);
}

}  // namespace
}  // namespace netcheck::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace netcheck;
  const protocol::ProbeReport report = fuzz::ReadLog(fuzz::Text(data, size));
  fuzz::Require(protocol::ReportFromJson(protocol::ToJson(report)).ok(),
                "a report can be read again");
  model::Evidence evidence =
      test::EvidenceBuilder().Handshakes(3, {}).Check(test::RefusedCheck()).Build();
  evidence.report = report;
  fuzz::Judge(evidence);
  return 0;
}
