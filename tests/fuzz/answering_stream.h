#pragma once

#include <string>
#include <string_view>

#include "checks/byte_stream.h"
#include "unit/checks/scripted_stream.h"

namespace netcheck::fuzz {

/// Fills `stream` with a server's answer, which comes in pieces of `piece` bytes; then the server
/// closes.
inline void AnswerInPieces(probe::ScriptedStream& stream,
                           std::string_view answer,
                           std::size_t piece) {
  for (; !answer.empty(); answer.remove_prefix(std::min(piece, answer.size()))) {
    stream.Answer(std::string(answer.substr(0, piece)));
  }
}

/// Time never runs out.
inline probe::Patience Endless() {
  return {std::chrono::steady_clock::time_point::max(), {}};
}

}  // namespace netcheck::fuzz
