// Short texts that the API server, the environment and the command line bring: times, URLs,
// durations, base64.
#include "fuzz/fuzz_target.h"
#include "kube/header_value.h"
#include "kube/proxy.h"
#include "kube/request_timeout.h"
#include "kube/rfc3339.h"
#include "kube/url.h"
#include "protocol/base64.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace netcheck;
  const std::string text(fuzz::Text(data, size));
  static_cast<void>(kube::ParseRfc3339(text));
  static_cast<void>(kube::ParseRequestTimeout(text));
  static_cast<void>(kube::IsProxyUrl(text));
  if (const auto url = kube::ParseUrl(text)) {
    static_cast<void>(url->Authority());
    static_cast<void>(kube::ProxyFromEnvironment(*url, [&](const std::string&) { return text; }));
  }
  if (const auto bytes = protocol::Base64Decode(text)) {
    fuzz::Require(protocol::Base64Decode(protocol::Base64Encode(*bytes)) == bytes,
                  "what is encoded can be decoded");
  }
  fuzz::Require(kube::FitsHeader(kube::EscapeHeaderName(text)), "an escaped name fits a header");
  return 0;
}
