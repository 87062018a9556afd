// What a server answers to a gRPC probe: HTTP/2 frames, gRPC's messages in them, the status behind
// them.
#include <optional>

#include "checks/grpc_call.h"
#include "fuzz/answering_stream.h"
#include "fuzz/fuzz_target.h"

namespace netcheck::fuzz {
namespace {

using Kind = probe::Http2Event::Kind;

probe::GrpcReply Call(std::string_view answer, std::size_t piece) {
  probe::ScriptedStream stream;
  stream.Answer({"\0\0\0\4\0\0\0\0\0", 9});
  AnswerInPieces(stream, answer, piece);
  probe::Http2Session session(stream, {});
  Require(session.Next(Endless()).kind == Kind::kSettings, "SETTINGS make a connection ready");
  session.Request({{":method", "POST"}, {":scheme", "http"}, {":path", "/"}, {":authority", "a"}},
                  std::string(5, '\0'));
  probe::GrpcCall call([] { return false; });
  while (!call.reply()) {
    const probe::Http2Event event = session.Next(Endless());
    call.Take(event, session.has_event());
  }
  session.Finish(call.reset(), Endless());
  session.GoAway("", Endless());
  return *call.reply();
}

/// Whether the client made the status itself, of a connection or stream that was at fault.
bool IsOfFault(const probe::GrpcReply& reply) {
  return reply.status.code == probe::GrpcCode::kInternal ||
         reply.status.code == probe::GrpcCode::kUnavailable;
}

}  // namespace
}  // namespace netcheck::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace netcheck::fuzz;
  using netcheck::probe::GrpcReply;
  const std::string_view answer = Text(data, size);
  const GrpcReply whole = Call(answer, size + 1);
  const GrpcReply cut = Call(answer, PieceBytes(answer));
  // Where there is a fault it matters what of it was read at once, to grpc-go as well.
  Require(IsOfFault(whole) || IsOfFault(cut) ||
              (cut.status.code == whole.status.code && cut.status.message == whole.status.message &&
               cut.serving == whole.serving && cut.end_without_answer == whole.end_without_answer),
          "the reply does not depend on how its bytes were cut");
  return 0;
}
