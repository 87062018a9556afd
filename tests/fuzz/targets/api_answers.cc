// Answers of the API server, or of whatever answers in its place: failures, and the events of a
// watch.
#include "fuzz/fuzz_api.h"
#include "fuzz/fuzz_target.h"
#include "kube/status.h"
#include "probe/pod_state.h"
#include "probe/pod_watch.h"
#include "protocol/json.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace netcheck;
  const std::string_view body = fuzz::Text(data, size);
  for (const int status : {401, 409, 422, 503}) {
    fuzz::Require(!kube::DecodeFailure(status, body, "GET /").message.empty(),
                  "a failure has words");
  }
  fuzz::Require(!kube::NotJson(200, body, "GET /").message.empty(), "a failure has words");
  fuzz::FuzzApi api(body);
  const protocol::Json pod = {{"metadata", {{"name", "p"}, {"namespace", "n"}}}};
  static_cast<void>(
      probe_pod::WatchPod(api, pod, std::chrono::seconds(1), [](const protocol::Json& state) {
        return probe_pod::JudgePod(state).stage == probe_pod::PodStage::kBroken;
      }));
  return 0;
}
