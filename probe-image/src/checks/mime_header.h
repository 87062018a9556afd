#pragma once

#include "checks/buffered_reader.h"
#include "checks/http_header.h"

namespace netcheck::probe {

struct MimeHeader {
  /// Of the fields that matter to an HTTP check (framing, Location, Server); the others are checked
  /// and dropped.
  HttpHeaders headers;
  ReadError error;
};

/// Reads the header of a response, or a chunked body's trailer, up to its empty line, with Go's
/// rules for folding, names and values, and Go's errors (src/net/textproto/reader.go,
/// Reader.ReadMIMEHeader).
MimeHeader ReadMimeHeader(BufferedReader& reader);

struct TextLine {
  std::string text;  ///< Without its end.
  ReadError error;
};

/// A line of at most `limit` bytes (src/net/textproto/reader.go, Reader.readLineSlice).
TextLine ReadTextLine(BufferedReader& reader, std::size_t limit = std::string::npos);

}  // namespace netcheck::probe
