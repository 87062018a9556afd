// What a server answers to a gRPC probe: HTTP/2 frames, gRPC's messages in them, the status behind
// them.
#include <optional>

#include "checks/grpc_call.h"
#include "fuzz/answering_stream.h"
#include "fuzz/fuzz_target.h"

namespace netcheck::fuzz {
namespace {

using Kind = probe::Http2Event::Kind;

/// nullopt: the connection never became ready.
std::optional<probe::GrpcReply> Call(std::string_view answer, std::size_t piece) {
  probe::ScriptedStream stream;
  AnswerInPieces(stream, answer, piece);
  probe::Http2Session session(stream, {});
  if (session.Next(Endless()).kind != Kind::kSettings) {
    return std::nullopt;
  }
  session.Request({{":method", "POST"}, {":scheme", "http"}, {":path", "/"}, {":authority", "a"}},
                  std::string(5, '\0'));
  probe::GrpcCall call([] { return false; });
  while (!call.reply()) {
    const probe::Http2Event event = session.Next(Endless());
    call.Take(event, session.has_event());
  }
  session.Finish(call.reset(), Endless());
  session.GoAway("", Endless());
  return call.reply();
}

}  // namespace
}  // namespace netcheck::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace netcheck::fuzz;
  const std::string_view answer = Text(data, size);
  const auto whole = Call(answer, size + 1);
  const auto cut = Call(answer, PieceBytes(answer));
  Require(whole.has_value() == cut.has_value() &&
              (!whole ||
               (whole->status.code == cut->status.code &&
                whole->status.message == cut->status.message && whole->serving == cut->serving &&
                whole->end_without_answer == cut->end_without_answer)),
          "the reply does not depend on how its bytes were cut");
  return 0;
}
