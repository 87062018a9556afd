// What a server answers to an HTTP probe: status line, header, body by length, by chunks and until
// the end.
#include "checks/http_exchange.h"
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
  options.request = "GET / HTTP/1.1\r\n\r\n";
  options.body_limit = [](const probe::HttpResponse&) { return kBodyLimit; };
  return probe::ExchangeHttp1(stream, options, Endless());
}

}  // namespace
}  // namespace netcheck::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace netcheck::fuzz;
  const std::string_view answer = Text(data, size);
  const ExchangeResult whole = Exchange(answer, size + 1);
  Require(whole.response.body.size() <= kBodyLimit, "no more of a body is kept than asked for");
  const bool responded = whole.status == ExchangeResult::Status::kResponse;
  Require(responded == whole.error.empty(),
          "without a response there is a reason, with one there is none");
  const ExchangeResult cut = Exchange(answer, PieceBytes(answer));
  // Where the limit is reached, Go looks at what follows only if it has been read already.
  const bool limited = whole.response.body.size() == kBodyLimit;
  Require(limited ||
              (cut.status == whole.status && cut.error == whole.error &&
               cut.body_error == whole.body_error && cut.response.status == whole.response.status &&
               cut.response.headers == whole.response.headers &&
               cut.response.body == whole.response.body),
          "the response does not depend on how its bytes were cut");
  return 0;
}
