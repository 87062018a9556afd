#include "checks/http2_session.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <deque>

#include "checks/http2_code.h"
#include "checks/http2_frame_scanner.h"

namespace netcheck::probe {
namespace {

using Kind = Http2Event::Kind;

/// As grpc-go reads. What is left unread when a socket is closed makes the kernel reset the
/// connection, and the server misses the client's last frames.
constexpr std::size_t kReadBytes = 32768;
constexpr std::uint32_t kFirstWindow = 65535;
constexpr std::size_t kFrameType = 3;  ///< Its place in a frame.

struct OptionFree {
  void operator()(nghttp2_option* option) const { nghttp2_option_del(option); }
};
struct CallbacksFree {
  void operator()(nghttp2_session_callbacks* callbacks) const {
    nghttp2_session_callbacks_del(callbacks);
  }
};
struct SessionFree {
  void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
};

/// Messages are checked as Go does it, not by nghttp2.
std::unique_ptr<nghttp2_option, OptionFree> MakeOption() {
  nghttp2_option* option = nullptr;
  nghttp2_option_new(&option);
  nghttp2_option_set_no_http_messaging(option, 1);
#if NGHTTP2_VERSION_NUM >= 0x013d00
  // Of 16 KiB each, so that a header list of the size that Go takes fits in.
  constexpr std::size_t kMaxContinuations = 1024;
  nghttp2_option_set_max_continuations(option, kMaxContinuations);
#endif
  return std::unique_ptr<nghttp2_option, OptionFree>(option);
}

/// nghttp2 takes pointers to bytes that it doesn't change.
std::uint8_t* Bytes(std::string_view text) {
  return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
}

std::string_view Text(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

std::vector<nghttp2_nv> NameValues(const Http2Fields& fields) {
  std::vector<nghttp2_nv> pairs;
  for (const Http2Field& field : fields) {
    pairs.push_back({Bytes(field.name),
                     Bytes(field.value),
                     field.name.size(),
                     field.value.size(),
                     NGHTTP2_NV_FLAG_NONE});
  }
  return pairs;
}

/// Big-endian.
std::string Number(std::uint32_t number, unsigned bytes) {
  std::string text;
  while (bytes-- > 0) {
    text += static_cast<char>(number >> (8 * bytes) & 0xffU);
  }
  return text;
}

/// One of the frames that a client takes leave with. nghttp2 sends no RST_STREAM for a stream that
/// the server has ended, and no GOAWAY that names a stream of the client's.
std::string LastFrame(nghttp2_frame_type type, std::uint32_t stream, const std::string& payload) {
  return Number(static_cast<std::uint32_t>(payload.size()), 3) + Number(type, 1) +
         Number(NGHTTP2_FLAG_NONE, 1) + Number(stream, 4) + payload;
}

Http2Event Closed(IoResult io) {
  Http2Event event;
  event.io = std::move(io);
  return event;
}

}  // namespace

struct Http2Session::State {
  explicit State(ByteStream& lower) : stream(lower) {}

  void Open(const Http2Announcement& announcement);
  void Submit(const Http2Fields& fields, const nghttp2_data_provider* provider);
  IoResult Send(const Patience& patience);
  void Receive(std::string_view bytes);
  void Fault(std::string text);
  void OnReceived(const nghttp2_frame& frame);
  void OnStreamFrame(const nghttp2_frame& frame);
  void OnSent(const nghttp2_frame& frame);
  void Measure();

  static std::unique_ptr<nghttp2_session_callbacks, CallbacksFree> Callbacks();
  static State& Of(void* self) { return *static_cast<State*>(self); }
  static ssize_t ReadBody(nghttp2_session* session,
                          std::int32_t stream_id,
                          std::uint8_t* buffer,
                          std::size_t size,
                          std::uint32_t* flags,
                          nghttp2_data_source* source,
                          void* self);

  ByteStream& stream;
  std::unique_ptr<nghttp2_session, SessionFree> session;
  Http2FrameScanner scanner;
  std::deque<Http2Event> events;
  Http2FieldList list{0};  ///< Of the HEADERS frame that is being received.
  std::string data;        ///< Of the DATA frame that is being received.
  std::string body;        ///< Of the request.
  std::size_t body_at = 0;
  std::int32_t stream_id = -1;  ///< Of the request; negative: none was made.
  std::int32_t last_sent = 0;   ///< Stream of the last request that nghttp2 has packed; 0: none.
  std::string data_ping;
  bool measuring = false;  ///< `data_ping` was sent and has no answer yet.
  bool settings_seen = false;
  bool request_packed = false;
  bool request_sent = false;
};

std::unique_ptr<nghttp2_session_callbacks, CallbacksFree> Http2Session::State::Callbacks() {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_begin_headers_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* self) {
        if (frame->hd.stream_id == Of(self).stream_id) {
          Of(self).list = Http2FieldList(kMaxHeaderListBytes);
        }
        return 0;
      });
  nghttp2_session_callbacks_set_on_header_callback(
      callbacks,
      [](nghttp2_session*,
         const nghttp2_frame* frame,
         const std::uint8_t* name,
         std::size_t name_size,
         const std::uint8_t* value,
         std::size_t value_size,
         std::uint8_t,
         void* self) {
        if (frame->hd.stream_id == Of(self).stream_id) {
          Of(self).list.Add(Text(name, name_size), Text(value, value_size));
        }
        return 0;
      });
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks,
                                                            [](nghttp2_session*,
                                                               std::uint8_t,
                                                               std::int32_t id,
                                                               const std::uint8_t* bytes,
                                                               std::size_t size,
                                                               void* self) {
                                                              if (id == Of(self).stream_id) {
                                                                Of(self).data += Text(bytes, size);
                                                              }
                                                              return 0;
                                                            });
  nghttp2_session_callbacks_set_on_frame_recv_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* self) {
        Of(self).OnReceived(*frame);
        return 0;
      });
  nghttp2_session_callbacks_set_on_frame_send_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* self) {
        Of(self).OnSent(*frame);
        return 0;
      });
  return std::unique_ptr<nghttp2_session_callbacks, CallbacksFree>(callbacks);
}

void Http2Session::State::Open(const Http2Announcement& announcement) {
  data_ping = announcement.data_ping;
  const auto callbacks = Callbacks();
  const auto option = MakeOption();
  nghttp2_session* raw = nullptr;
  nghttp2_session_client_new2(&raw, callbacks.get(), this, option.get());
  session.reset(raw);
  std::vector<nghttp2_settings_entry> settings;
  for (const auto& [id, value] : announcement.settings) {
    settings.push_back({id, value});
  }
  nghttp2_submit_settings(raw, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  if (announcement.window_increment > 0) {
    const auto window = static_cast<std::int32_t>(kFirstWindow + announcement.window_increment);
    nghttp2_session_set_local_window_size(raw, NGHTTP2_FLAG_NONE, 0, window);
  }
}

void Http2Session::State::Submit(const Http2Fields& fields, const nghttp2_data_provider* provider) {
  const std::vector<nghttp2_nv> pairs = NameValues(fields);
  request_packed = false;
  request_sent = false;
  stream_id =
      nghttp2_submit_request(session.get(), nullptr, pairs.data(), pairs.size(), provider, nullptr);
}

ssize_t Http2Session::State::ReadBody(nghttp2_session* /*session*/,
                                      std::int32_t /*stream_id*/,
                                      std::uint8_t* buffer,
                                      std::size_t size,
                                      std::uint32_t* flags,
                                      nghttp2_data_source* /*source*/,
                                      void* self) {
  State& state = Of(self);
  size = std::min(size, state.body.size() - state.body_at);
  state.body.copy(reinterpret_cast<char*>(buffer), size, state.body_at);
  state.body_at += size;
  if (state.body_at == state.body.size()) {
    *flags |= NGHTTP2_DATA_FLAG_EOF;
  }
  return static_cast<ssize_t>(size);
}

/// Writes all frames that are due.
IoResult Http2Session::State::Send(const Patience& patience) {
  std::string bytes;
  while (true) {
    const std::uint8_t* part = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session.get(), &part);
    if (size <= 0) {
      break;
    }
    // Each part is a frame, or the preface, which has a space there.
    if (part[kFrameType] != NGHTTP2_GOAWAY) {
      bytes += Text(part, static_cast<std::size_t>(size));
    }
  }
  if (bytes.empty()) {
    return {};
  }
  IoResult written = stream.Write(bytes, patience);
  request_sent = request_sent || (request_packed && written.ok());
  return written;
}

void Http2Session::State::Receive(std::string_view bytes) {
  const std::size_t usable = scanner.Feed(bytes);
  const ssize_t taken =
      nghttp2_session_mem_recv(session.get(), Bytes(bytes.substr(0, usable)), usable);
  if (taken < 0) {
    Fault(std::string("http2: ") + nghttp2_strerror(static_cast<int>(taken)));
  }
}

void Http2Session::State::Fault(std::string text) {
  Http2Event event;
  event.kind = Kind::kConnectionFault;
  event.text = std::move(text);
  events.push_back(std::move(event));
}

void Http2Session::State::OnReceived(const nghttp2_frame& frame) {
  if (frame.hd.type == NGHTTP2_PING && (frame.hd.flags & NGHTTP2_FLAG_ACK) != 0 &&
      Text(frame.ping.opaque_data, sizeof(frame.ping.opaque_data)) == data_ping) {
    measuring = false;
  }
  Http2Event event;
  if (frame.hd.type == NGHTTP2_GOAWAY) {
    event.kind = Kind::kGoAway;
    event.last_stream = static_cast<std::uint32_t>(frame.goaway.last_stream_id);
    event.code = frame.goaway.error_code;
    event.text = Text(frame.goaway.opaque_data, frame.goaway.opaque_data_len);
    events.push_back(std::move(event));
  } else if (frame.hd.type == NGHTTP2_SETTINGS && !settings_seen) {
    settings_seen = true;
    event.kind = Kind::kSettings;
    events.push_back(std::move(event));
  } else if (frame.hd.stream_id == stream_id) {
    OnStreamFrame(frame);
  }
}

/// bdpEstimator.add, but for the windows, which no check's answer is long enough for.
void Http2Session::State::Measure() {
  if (!data_ping.empty() && !std::exchange(measuring, true)) {
    nghttp2_submit_ping(session.get(), NGHTTP2_FLAG_NONE, Bytes(data_ping));
  }
}

void Http2Session::State::OnStreamFrame(const nghttp2_frame& frame) {
  Http2Event event;
  event.end_stream = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  switch (frame.hd.type) {
    case NGHTTP2_HEADERS:
      event.kind = Kind::kHeaders;
      list.Finish();
      event.headers = std::exchange(list, Http2FieldList(0));
      break;
    case NGHTTP2_DATA:
      event.kind = Kind::kData;
      event.text = std::exchange(data, "");
      break;
    case NGHTTP2_RST_STREAM:
      event.kind = Kind::kReset;
      event.code = frame.rst_stream.error_code;
      break;
    default:
      return;
  }
  events.push_back(std::move(event));
}

/// What nghttp2 sends of its own accord tells what it thinks of what it received.
void Http2Session::State::OnSent(const nghttp2_frame& frame) {
  if (frame.hd.type == NGHTTP2_HEADERS) {
    request_packed = true;
    last_sent = frame.hd.stream_id;
  } else if (frame.hd.type == NGHTTP2_GOAWAY) {
    Fault("connection error: " + Http2CodeName(frame.goaway.error_code));
  } else if (frame.hd.type == NGHTTP2_RST_STREAM && frame.hd.stream_id == stream_id) {
    Http2Event event;
    event.kind = Kind::kStreamFault;
    event.code = frame.rst_stream.error_code;
    events.push_back(std::move(event));
  }
}

Http2Session::Http2Session(ByteStream& stream, const Http2Announcement& announcement)
    : state_(std::make_unique<State>(stream)) {
  state_->Open(announcement);
}

Http2Session::~Http2Session() = default;

void Http2Session::Request(const Http2Fields& fields) {
  state_->Submit(fields, nullptr);
}

void Http2Session::Request(const Http2Fields& fields, std::string body) {
  state_->body = std::move(body);
  state_->body_at = 0;
  nghttp2_data_provider provider{};
  provider.read_callback = &State::ReadBody;
  state_->Submit(fields, &provider);
}

bool Http2Session::request_sent() const {
  return state_->request_sent;
}

Http2Event Http2Session::Next(const Patience& patience) {
  std::array<char, kReadBytes> buffer{};
  while (state_->events.empty()) {
    IoResult sent = state_->Send(patience);
    // Who does not listen any more may still have something to say.
    const bool lost = sent.status == IoResult::Status::kFailed && state_->request_sent;
    if (!sent.ok() && !lost) {
      return Closed(std::move(sent));
    }
    if (!state_->events.empty()) {
      break;
    }
    // After what nghttp2 made of the frames before it.
    if (const std::string& fault = state_->scanner.fault(); !fault.empty()) {
      state_->Fault(fault);
      break;
    }
    IoResult got = state_->stream.Read(buffer, patience);
    if (!got.ok()) {
      if (got.status == IoResult::Status::kEnd) {
        got.error = state_->scanner.cut_off() ? "unexpected EOF" : "EOF";
      }
      return Closed(std::move(got));
    }
    state_->Receive({buffer.data(), got.bytes});
  }
  Http2Event event = std::move(state_->events.front());
  state_->events.pop_front();
  if (event.kind == Kind::kData) {
    state_->Measure();
  }
  return event;
}

bool Http2Session::has_event() const {
  return !state_->events.empty();
}

std::uint32_t Http2Session::max_header_list() const {
  return nghttp2_session_get_remote_settings(state_->session.get(),
                                             NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE);
}

void Http2Session::Finish(std::optional<std::uint32_t> code, const Patience& patience) {
  (void)state_->Send(patience);
  if (code && state_->request_packed) {
    const auto stream = static_cast<std::uint32_t>(state_->stream_id);
    (void)state_->stream.Write(LastFrame(NGHTTP2_RST_STREAM, stream, Number(*code, 4)), patience);
  }
}

void Http2Session::GoAway(const std::string& debug_data, const Patience& patience) {
  // What grpc-go names if it has made no request at all: two less than the first stream.
  const auto last = static_cast<std::uint32_t>(state_->last_sent > 0 ? state_->last_sent : -1);
  const std::string payload = Number(last & INT32_MAX, 4) + Number(kHttp2NoError, 4) + debug_data;
  (void)state_->stream.Write(LastFrame(NGHTTP2_GOAWAY, 0, payload), patience);
}

}  // namespace netcheck::probe
