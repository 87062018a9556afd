// What a server answers to an HTTPS probe over HTTP/2: frames and header lists.
#include "checks/http2_exchange.h"
#include "fuzz/answering_stream.h"
#include "fuzz/fuzz_target.h"

namespace netcheck::fuzz {
namespace {

using probe::ExchangeResult;

constexpr std::size_t kBodyLimit = 512;

ExchangeResult Exchange(std::string_view answer, std::size_t piece) {
  probe::ScriptedStream stream;
  AnswerInPieces(stream, answer, piece);
  probe::ExchangeOptions options;
  options.body_limit = [](const probe::HttpResponse&) { return kBodyLimit; };
  const probe::Http2Fields request{
      {":authority", "10.244.0.5:8080"}, {":method", "GET"}, {":path", "/"}, {":scheme", "https"}};
  return probe::ExchangeHttp2(stream, request, options, Endless());
}

}  // namespace
}  // namespace netcheck::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace netcheck::fuzz;
  const std::string_view answer = Text(data, size);
  const ExchangeResult whole = Exchange(answer, size + 1);
  Require(whole.response.body.size() <= kBodyLimit, "no more of a body is kept than asked for");
  const ExchangeResult cut = Exchange(answer, PieceBytes(answer));
  // Of a connection that ends with a fault it matters what of it was read at once, to Go as well.
  const bool sound = whole.status == ExchangeResult::Status::kResponse &&
                     whole.body_error.empty() && cut.error.empty() && cut.body_error.empty();
  Require(!sound || (cut.status == whole.status && cut.response.status == whole.response.status &&
                     cut.response.headers == whole.response.headers &&
                     cut.response.body == whole.response.body),
          "the response does not depend on how its bytes were cut");
  return 0;
}
