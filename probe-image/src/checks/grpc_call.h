#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "checks/grpc_status.h"
#include "checks/http2_session.h"

namespace netcheck::probe {

/// What came of a call of grpc.health.v1.Health/Check.
struct GrpcReply {
  GrpcStatus status;                ///< OK: `serving` says the rest.
  std::int32_t serving = 0;         ///< Of the HealthCheckResponse.
  bool end_without_answer = false;  ///< Status OK, but no message: Go's io.EOF.
};

/// The client's side of that one unary call, fed with what the server does on its stream; judged as
/// grpc-go does it (internal/transport/http2_client.go, rpc_util.go, stream.go). Of responses that
/// carry compressed messages it knows only that they do.
class GrpcCall {
 public:
  /// `deadline_passed` is asked when the server cancels the stream.
  explicit GrpcCall(std::function<bool()> deadline_passed)
      : deadline_passed_(std::move(deadline_passed)) {}

  /// Not to be called with expired or stopped I/O, nor after reply() has a value. `more`: there are
  /// further events already, which grpc-go's reader has taken before anyone reads messages.
  void Take(const Http2Event& event, bool more);

  [[nodiscard]] const std::optional<GrpcReply>& reply() const { return reply_; }
  /// The server has not seen the call: grpc-go makes it once more.
  [[nodiscard]] bool unprocessed() const { return unprocessed_; }
  /// The server wants no more calls on this connection.
  [[nodiscard]] bool draining() const { return go_away_.has_value(); }
  /// There is no connection any more.
  [[nodiscard]] bool lost() const { return lost_; }
  /// What the client ends the stream with; nullopt: nothing, the server has ended it.
  [[nodiscard]] std::optional<std::uint32_t> reset() const;
  /// The :status of the response; 0: none.
  [[nodiscard]] int http_status() const { return http_status_; }
  [[nodiscard]] bool has_headers() const { return has_headers_; }

 private:
  /// How the stream ended, once what was received before is read.
  struct Close {
    bool regular = false;  ///< An end of the stream (io.EOF), not an error in its place.
    GrpcStatus status;
    std::optional<std::uint32_t> reset;  ///< See reset().
  };

  void TakeOne(const Http2Event& event);
  void TakeHeaders(const Http2Event& event);
  void TakeData(const Http2Event& event);
  void TakeReset(std::uint32_t code);
  void TakeGoAway(const Http2Event& event);
  void TakeConnectionEnd(const std::string& cause);
  void CloseWith(GrpcCode code,
                 std::string message,
                 std::optional<std::uint32_t> reset = std::nullopt) {
    CloseStream({false, {code, std::move(message)}, reset});
  }
  void CloseStream(Close close);
  void Read();
  bool ReadMessage();
  bool Unpack(std::string_view message, unsigned format);
  void ReadClose();
  void Finish(GrpcStatus status) { reply_ = GrpcReply{std::move(status), serving_, false}; }

  std::function<bool()> deadline_passed_;
  std::optional<GrpcReply> reply_;
  std::optional<Close> close_;
  std::string buffer_;  ///< Of DATA, not read yet.
  std::string encoding_;
  std::optional<std::string> go_away_;  ///< grpc-go's goAwayDebugMessage.
  std::int32_t serving_ = 0;
  int messages_ = 0;
  int http_status_ = 0;
  bool has_headers_ = false;
  bool unprocessed_ = false;
  bool lost_ = false;
};

}  // namespace netcheck::probe
