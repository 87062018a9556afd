// The path of an HTTP probe (first line) and the Location headers that answer it (a line each):
// URLs, how they are resolved, and what is sent for them.
#include "checks/http_request.h"
#include "fuzz/fuzz_target.h"

namespace netcheck::fuzz {
namespace {

void CheckRequest(const probe::HttpGet& request) {
  const auto text = probe::SerializeHttp1(request);
  if (!text) {
    return;
  }
  Require(text->starts_with("GET ") && text->ends_with("\r\n\r\n"), "a request is whole");
  std::size_t lines = 0;
  for (std::size_t at = 0; at < text->size(); ++at) {
    const auto byte = static_cast<unsigned char>((*text)[at]);
    if (byte == '\r') {
      Require(text->compare(at, 2, "\r\n") == 0, "no line is broken by half");
      ++lines;
      ++at;
    } else {
      Require(byte >= 0x20 && byte != 0x7f, "a URL brings no control characters into a request");
    }
  }
  // Request line, Host, User-Agent, Accept, Connection, the empty line; Authorization, Referer.
  Require(lines >= 6 && lines <= 8, "a URL brings no lines into a request");
  static_cast<void>(probe::Http2RequestFields(request));
  static_cast<void>(probe::Hostname(request.url));
  static_cast<void>(probe::PortText(request.url));
}

}  // namespace
}  // namespace netcheck::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace netcheck::fuzz;
  using namespace netcheck::probe;
  std::string_view rest = Text(data, size);
  netcheck::protocol::HttpRequest spec;
  spec.path = TakeLine(rest);
  spec.user_agent = "kube-probe/1.34";
  const auto first = BuildProbeRequest(spec, "10.244.0.5", 8080);
  if (!first) {
    return 0;
  }
  CheckRequest(*first);
  HttpGet last = *first;
  while (!rest.empty()) {
    const std::string location(TakeLine(rest));
    if (const auto url = ParseUrl(location)) {
      static_cast<void>(FormatUrl(*url));
      static_cast<void>(FormatUrlForMessage(*url));
      static_cast<void>(RequestUri(*url));
    }
    auto next = FollowRedirect(*first, last, location);
    if (!next) {
      return 0;
    }
    CheckRequest(*next);
    last = std::move(next).value();
  }
  return 0;
}
