#pragma once

#include <nghttp2/nghttp2.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "checks/byte_stream.h"
#include "checks/http2_fields.h"

namespace netcheck::probe {

inline std::string Http2Number(std::uint32_t number, unsigned bytes) {
  std::string text;
  for (unsigned i = bytes; i-- > 0;) {
    text += static_cast<char>(number >> (8 * i) & 0xffU);
  }
  return text;
}

/// One frame, well formed or not.
inline std::string Http2Frame(unsigned type,
                              unsigned flags,
                              std::uint32_t stream,
                              const std::string& payload) {
  return Http2Number(static_cast<std::uint32_t>(payload.size()), 3) + Http2Number(type, 1) +
         Http2Number(flags, 1) + Http2Number(stream, 4) + payload;
}

/// Literal fields without Huffman coding, shorter than 127 bytes each.
inline std::string Hpack(const Http2Fields& fields) {
  std::string block;
  for (const Http2Field& field : fields) {
    block += '\0' + Http2Number(static_cast<std::uint32_t>(field.name.size()), 1) + field.name +
             Http2Number(static_cast<std::uint32_t>(field.value.size()), 1) + field.value;
  }
  return block;
}

inline std::string HeadersFrame(const Http2Fields& fields, bool end = false) {
  return Http2Frame(1, end ? 5 : 4, 1, Hpack(fields));
}
inline std::string DataFrame(const std::string& data, bool end = false) {
  return Http2Frame(0, end ? 1 : 0, 1, data);
}
inline std::string ResetFrame(std::uint32_t code) {
  return Http2Frame(3, 0, 1, Http2Number(code, 4));
}
inline std::string GoAwayFrame(std::uint32_t last, std::uint32_t code, const std::string& text) {
  return Http2Frame(7, 0, 0, Http2Number(last, 4) + Http2Number(code, 4) + text);
}

/// Reads what a client sends with nghttp2's server side, and answers SETTINGS and PING. Answers to
/// the request are the test's own bytes.
class Http2Server {
 public:
  Http2Server() {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, OnHeader);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, OnData);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, OnFrame);
    // Which grpc-go's GOAWAY is to nghttp2: it names a stream of the client's.
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(
        callbacks, [](nghttp2_session* session, const nghttp2_frame* frame, int, void* self) {
          return OnFrame(session, frame, self);
        });
    nghttp2_session_server_new(&session_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(session_, 0, nullptr, 0);
  }
  ~Http2Server() { nghttp2_session_del(session_); }
  Http2Server(const Http2Server&) = delete;
  Http2Server& operator=(const Http2Server&) = delete;

  /// False when the client does not speak HTTP/2.
  bool Feed(std::string_view bytes) {
    return nghttp2_session_mem_recv(
               session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()) >= 0;
  }
  std::string TakeOutput() {
    std::string output;
    const std::uint8_t* part = nullptr;
    ssize_t size = 0;
    while ((size = nghttp2_session_mem_send(session_, &part)) > 0) {
      output.append(reinterpret_cast<const char*>(part), static_cast<std::size_t>(size));
    }
    return output;
  }

  Http2Fields request;
  std::string body;
  std::vector<std::pair<int, std::uint32_t>> settings;
  std::int32_t window_increment = 0;  ///< Of the connection.
  bool complete = false;              ///< The request's stream was ended by the client.
  std::uint32_t reset = 0;            ///< Code of the client's RST_STREAM.
  std::string goodbye;                ///< Debug data of its GOAWAY.
  std::int32_t goodbye_stream = 0;    ///< The last stream that its GOAWAY names.
  int pings = 0;                      ///< Of the client's own.

 private:
  static Http2Server& Of(void* self) { return *static_cast<Http2Server*>(self); }
  static std::string Text(const std::uint8_t* bytes, std::size_t size) {
    return {reinterpret_cast<const char*>(bytes), size};
  }
  static int OnHeader(nghttp2_session* /*session*/,
                      const nghttp2_frame* /*frame*/,
                      const std::uint8_t* name,
                      std::size_t name_size,
                      const std::uint8_t* value,
                      std::size_t value_size,
                      std::uint8_t /*flags*/,
                      void* self) {
    Of(self).request.push_back({Text(name, name_size), Text(value, value_size)});
    return 0;
  }
  static int OnData(nghttp2_session* /*session*/,
                    std::uint8_t /*flags*/,
                    std::int32_t /*stream*/,
                    const std::uint8_t* bytes,
                    std::size_t size,
                    void* self) {
    Of(self).body += Text(bytes, size);
    return 0;
  }
  static int OnFrame(nghttp2_session* /*session*/, const nghttp2_frame* frame, void* self) {
    Http2Server& server = Of(self);
    if (frame->hd.type == NGHTTP2_SETTINGS) {
      for (std::size_t i = 0; i < frame->settings.niv; ++i) {
        server.settings.emplace_back(frame->settings.iv[i].settings_id,
                                     frame->settings.iv[i].value);
      }
    } else if (frame->hd.type == NGHTTP2_WINDOW_UPDATE && frame->hd.stream_id == 0) {
      server.window_increment = frame->window_update.window_size_increment;
    } else if (frame->hd.type == NGHTTP2_RST_STREAM) {
      server.reset = frame->rst_stream.error_code;
    } else if (frame->hd.type == NGHTTP2_GOAWAY) {
      server.goodbye = Text(frame->goaway.opaque_data, frame->goaway.opaque_data_len);
      server.goodbye_stream = frame->goaway.last_stream_id;
    } else if (frame->hd.type == NGHTTP2_PING) {
      server.pings += (frame->hd.flags & NGHTTP2_FLAG_ACK) == 0 ? 1 : 0;
    } else if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
      server.complete = true;
    }
    return 0;
  }

  nghttp2_session* session_ = nullptr;
};

/// A connection with such a server, without any socket.
class Http2Peer : public ByteStream {
 public:
  /// `answer`: what the server sends when it has the request; `step`: at most so many bytes at
  /// once.
  explicit Http2Peer(std::string answer, std::size_t step = 4096)
      : answer_(std::move(answer)), step_(step) {}

  /// How a Read() after the answer ends. Without it: the server closed the connection.
  void EndWith(IoResult result) { end_ = std::move(result); }
  [[nodiscard]] const Http2Server& server() const { return server_; }

  IoResult Write(std::string_view bytes, const Patience& /*patience*/) override {
    server_.Feed(bytes);
    pending_ += server_.TakeOutput();
    if (server_.complete && !std::exchange(answered_, true)) {
      pending_ += answer_;
    }
    return {IoResult::Status::kOk, bytes.size(), ""};
  }
  IoResult Read(std::span<char> buffer, const Patience& /*patience*/) override {
    if (pending_.empty()) {
      return end_;
    }
    const std::size_t size = pending_.copy(buffer.data(), std::min(buffer.size(), step_));
    pending_.erase(0, size);
    return {IoResult::Status::kOk, size, ""};
  }

 private:
  Http2Server server_;
  std::string answer_;
  std::size_t step_;
  std::string pending_;
  bool answered_ = false;
  IoResult end_{IoResult::Status::kEnd, 0, ""};
};

}  // namespace netcheck::probe
