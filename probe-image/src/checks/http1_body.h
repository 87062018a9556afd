#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "checks/buffered_reader.h"

// The body of an HTTP/1 response (src/net/http/transfer.go, body; transport.go,
// readWriteCloserBody).
namespace netcheck::probe {

class Http1Body {
 public:
  Http1Body() = default;
  Http1Body(const Http1Body&) = delete;
  Http1Body& operator=(const Http1Body&) = delete;
  virtual ~Http1Body() = default;

  /// The next bytes; after the last ones, or together with them, an error of Kind::kEnd.
  virtual ReadResult Read(std::span<char> out) = 0;
};

std::unique_ptr<Http1Body> NoBody();
std::unique_ptr<Http1Body> BodyOfLength(BufferedReader& reader, std::uint64_t length);
/// A body in chunks, and the trailer after it.
std::unique_ptr<Http1Body> ChunkedBody(BufferedReader& reader);
std::unique_ptr<Http1Body> BodyUntilClose(BufferedReader& reader);
/// What the server sends in the protocol that it switched to: first what `reader` holds of it.
std::unique_ptr<Http1Body> SwitchedBody(BufferedReader& reader,
                                        ByteStream& stream,
                                        const Patience& patience);

struct BodyText {
  std::string text;
  ReadError error;  ///< None for an end, and none when the limit was reached.
};

/// The body up to `limit` or kMaxBodyBytes (k8s.io/utils/io, ReadAtMost).
BodyText ReadAtMost(Http1Body& body, std::size_t limit);

}  // namespace netcheck::probe
