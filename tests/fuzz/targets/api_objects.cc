// Objects of the API server, each as the kind that was asked for.
#include <sstream>

#include "fuzz/fuzz_target.h"
#include "gather/decode_cluster.h"
#include "gather/decode_pod.h"
#include "gather/decode_probes.h"
#include "gather/decode_service.h"
#include "probe/pod_state.h"
#include "protocol/json.h"
#include "protocol/v1_probe.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace netcheck;
  const protocol::Json object =
      protocol::Json::parse(fuzz::Text(data, size), nullptr, /*allow_exceptions=*/false);
  if (object.is_discarded()) {
    return 0;
  }
  const model::Pod pod = gather::DecodePod(object);
  static_cast<void>(gather::WhyNotProbed(object));
  static_cast<void>(gather::DecodeProbes(object));
  static_cast<void>(probe_pod::JudgePod(object));
  static_cast<void>(gather::DecodeNode(object));
  static_cast<void>(gather::WhyUnusable(object));
  static_cast<void>(gather::DecodeNodePorts(object));
  auto services = gather::DecodeServices(object, "default", gather::DecodeLabels(object));
  gather::MarkReadyEndpoints(object, "uid", services);
  static_cast<void>(gather::DecodeProbeEvents(object, pod));
  static_cast<void>(gather::WhyNotConnectable(object, "http"));
  static_cast<void>(gather::OtherPorts(object, ""));
  static_cast<void>(gather::DecodeEndpoints(object, gather::DecodeServiceTarget(object, "")));
  if (object.is_object()) {
    static_cast<void>(protocol::ReadV1Probe(object, object));
  }
  return 0;
}
