#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "checks/http_header.h"
#include "checks/mime_header.h"

namespace netcheck::probe {

/// kubelet reads no more of a body (pkg/probe/http/http.go, maxRespBodyLength).
inline constexpr std::size_t kMaxBodyBytes = 10240;
/// Go's limit for the heads of all responses on a connection (src/net/http/transport.go).
inline constexpr std::size_t kMaxHeadBytes = 10U << 20U;

struct HttpResponse {
  int status = 0;
  HttpHeaders headers;               ///< Those that MimeHeaderReader keeps.
  std::int64_t content_length = -1;  ///< -1: not known in advance.
  std::string body;                  ///< Without chunk framing, at most the reader's limit.
};

/// Reads one HTTP/1 response to a GET from the bytes of a connection, however they are cut, and
/// answers malformed ones with Go's error text (src/net/http/response.go, transfer.go,
/// internal/chunked.go). Informational responses are skipped, except 101. Bounded: at most
/// kMaxHeadBytes of heads are read and body_limit bytes of the body kept.
class Http1Reader {
 public:
  enum class State {
    kHead,  ///< Status and headers are not complete.
    kBody,  ///< They are known.
    kDone,  ///< The body ended, or reached the limit.
    kFailed,
  };

  /// The next bytes. Those after the response's end are ignored.
  void Feed(std::string_view bytes);
  /// The peer sent its last byte.
  void End();
  /// Of the body so many bytes are read, instead of kMaxBodyBytes.
  void LimitBody(std::size_t bytes);

  [[nodiscard]] State state() const { return state_; }
  /// Status and headers of the final response are known, even if its body failed.
  [[nodiscard]] bool head_complete() const { return head_complete_; }
  [[nodiscard]] const HttpResponse& response() const { return response_; }
  /// When failed: why.
  [[nodiscard]] const std::string& error() const { return error_; }

 private:
  enum class Expect {
    kStatusLine,
    kHeaderLine,
    kFixedBody,
    kChunkSize,
    kChunkData,
    kChunkEnd,
    kTrailer,
    kUntilClose,
  };

  [[nodiscard]] std::string_view Rest() const { return std::string_view(buffer_).substr(at_); }
  bool Step();
  bool StepHeadLine();
  void TakeStatusLine(std::string_view line);
  void FinishHead();
  void BeginBody();
  bool TakeTransferEncoding(bool& chunked);
  bool TakeContentLength();
  bool CheckTrailerNames();
  bool TakeBody();
  bool TakeChunkSize();
  void BeginChunk(std::string_view line);
  bool TakeChunkEnd();
  bool TakeTrailer();
  void Finish() { state_ = State::kDone; }
  void Fail(std::string error);

  State state_ = State::kHead;
  Expect expect_ = Expect::kStatusLine;
  HttpResponse response_;
  MimeHeaderReader header_;
  std::string error_;
  std::string buffer_;
  std::size_t at_ = 0;           ///< Of buffer_, consumed.
  std::size_t searched_ = 0;     ///< Of buffer_, known to hold no further end of line.
  std::size_t head_bytes_ = 0;   ///< Of all heads, consumed.
  bool is_http_1_1_ = true;      ///< At least; older ones know no Transfer-Encoding.
  std::uint64_t remaining_ = 0;  ///< Of a fixed body or of a chunk.
  std::int64_t chunk_excess_ = 0;
  std::size_t body_limit_ = kMaxBodyBytes;
  bool ended_ = false;
  bool head_complete_ = false;
};

}  // namespace netcheck::probe
