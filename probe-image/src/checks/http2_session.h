#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "checks/byte_stream.h"
#include "checks/http2_fields.h"

namespace netcheck::probe {

/// What a client announces when a connection begins.
struct Http2Announcement {
  std::vector<std::pair<std::int32_t, std::uint32_t>> settings;  ///< RFC 9113 §6.5.2, in order.
  /// What the connection's window gets beyond its first 65535 bytes.
  std::uint32_t window_increment = 0;
  /// 8 bytes of a PING that goes out with what the first DATA asks for, and again with the next one
  /// after it was answered (grpc-go's bdp_estimator.go); "": none does.
  std::string data_ping;
};

/// What the server did, or what became of the connection.
struct Http2Event {
  enum class Kind {
    kSettings,         ///< Its first SETTINGS.
    kHeaders,          ///< `headers`, `end_stream`.
    kData,             ///< `text`, `end_stream`: one DATA frame.
    kReset,            ///< It ended the stream with RST_STREAM: `code`.
    kGoAway,           ///< `last_stream`, `code`, `text` (its debug data).
    kStreamFault,      ///< It broke a rule of the stream, which is ended: `code`.
    kConnectionFault,  ///< It broke a rule of the connection: `text`, Go's words.
    kClosed,           ///< Nothing more can be read or written, see `io`.
  };
  Kind kind = Kind::kClosed;
  Http2FieldList headers{0};
  std::string text;
  bool end_stream = false;
  std::uint32_t code = 0;
  std::uint32_t last_stream = 0;
  IoResult io;  ///< With Go's "EOF" or "unexpected EOF" as its error at the connection's end.
};

/// The client's side of an HTTP/2 connection with one request at a time. Frames, header
/// compression, flow control, PING and SETTINGS are nghttp2's matter, but for GOAWAY: nghttp2 sends
/// one when a server breaks rules, Go's clients don't. The messages in the frames are judged by
/// whoever reads the events. Bounded: a header list is at most `kMaxHeaderListBytes`, and
/// an event holds at most a frame or a header list.
class Http2Session {
 public:
  /// `stream` must outlive this.
  Http2Session(ByteStream& stream, const Http2Announcement& announcement);
  ~Http2Session();
  Http2Session(const Http2Session&) = delete;
  Http2Session& operator=(const Http2Session&) = delete;

  /// The request goes out with the next Next(), on stream 1; a second one, after the first has
  /// ended, on stream 3. Events are those of the last. Without a body the HEADERS frame ends the
  /// stream.
  void Request(const Http2Fields& fields);
  void Request(const Http2Fields& fields, std::string body);
  /// Whether the last request's header was handed to the connection.
  [[nodiscard]] bool request_sent() const;
  /// Sends what is due, and waits for what the server does. After kConnectionFault and kClosed
  /// there is nothing more to wait for.
  Http2Event Next(const Patience& patience);
  /// There is something that Next() need not wait for.
  [[nodiscard]] bool has_event() const;
  /// What the server allows a header list, as RFC 9113 §6.5.2 counts it, in bytes.
  [[nodiscard]] std::uint32_t max_header_list() const;

  /// Takes leave: sends what is due; with a `code`, ends the last request's stream with RST_STREAM
  /// if it was sent. Errors are ignored.
  void Finish(std::optional<std::uint32_t> code, const Patience& patience);
  /// To be called after Finish(): GOAWAY with NO_ERROR, which names the last request as grpc-go
  /// does. Errors are ignored.
  void GoAway(const std::string& debug_data, const Patience& patience);

 private:
  struct State;

  std::unique_ptr<State> state_;
};

/// Of a response's or a trailer's header list: what kubelet's clients take
/// (golang.org/x/net/http2's Transport; grpc-go takes 16 MiB).
inline constexpr std::size_t kMaxHeaderListBytes = 10U << 20U;

}  // namespace netcheck::probe
