#pragma once

#include <cstdint>
#include <string_view>

#include "checks/buffered_reader.h"

namespace netcheck::probe {

/// Takes the framing off a chunked body; it ends after the line of the chunk of length 0
/// (src/net/http/internal/chunked.go, chunkedReader).
class ChunkedReader {
 public:
  explicit ChunkedReader(BufferedReader& reader) : reader_(reader) {}

  ReadResult Read(std::span<char> out);

 private:
  bool EndChunk(bool has_data);
  void BeginChunk();
  void TakeSize(std::string_view line);

  BufferedReader& reader_;
  ReadError error_;
  std::uint64_t left_ = 0;   ///< Of the chunk.
  bool chunk_ends_ = false;  ///< CRLF is due.
  std::int64_t excess_ = 0;  ///< Bytes of framing beyond what is tolerated for the data so far.
};

}  // namespace netcheck::probe
