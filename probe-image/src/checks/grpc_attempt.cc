#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "checks/attempt.h"
#include "checks/connect_host.h"
#include "checks/go_quote.h"
#include "checks/grpc_call.h"
#include "checks/grpc_health.h"
#include "checks/host_port.h"
#include "checks/http2_session.h"
#include "checks/patience.h"

namespace netcheck::probe {
namespace {

using protocol::CheckPhase;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using IoStatus = IoResult::Status;

/// Of the grpc-go in Kubernetes 1.34.4.
constexpr const char* kGrpcVersion = " grpc-go/1.72.1";
/// grpc-go gives each connection so long to become ready (minConnectTimeout).
constexpr milliseconds kReadyLimit{20000};
/// bdp_estimator.go
constexpr const char* kBandwidthPing = "\2\4\x10\x10\t\x0e\7\7";
/// How long to wait for the goodbye to be sent.
constexpr milliseconds kGoodbyeLimit{100};

/// backoff.DefaultConfig; of its jitter (±20 %) the middle.
milliseconds Backoff(int failures) {
  constexpr double kFactor = 1.6;
  constexpr double kMost = 120000;
  double delay = 1000;
  for (int i = 0; i < failures && delay < kMost; ++i) {
    delay *= kFactor;
  }
  return milliseconds(static_cast<std::int64_t>(std::min(delay, kMost)));
}

/// A length as gRPC puts it before each message, after the flag for compression.
std::string Frame(const std::string& message) {
  std::string frame(1, '\0');
  for (unsigned shift = 32; shift > 0; shift -= 8) {
    frame += static_cast<char>(message.size() >> (shift - 8) & 0xffU);
  }
  return frame + message;
}

/// The session goes before the socket that it writes to.
struct Connection {
  std::unique_ptr<SocketStream> socket;
  std::unique_ptr<Http2Session> session;
};

class GrpcAttempt {
 public:
  GrpcAttempt(const protocol::Check& check, const AttemptContext& context)
      : check_(check),
        context_(context),
        patience_{steady_clock::now() + milliseconds(check.patience_ms), context.stop},
        connecting_(patience_.AtMost(ConnectLimit(check))) {
    outcome_.fact.start_us = context.clock.NowUs();
    authority_ = JoinHostPort(check_.address, std::to_string(check_.port));
  }

  AttemptOutcome Run() {
    if (Connection connection = ConnectUntilReady(); connection.session != nullptr) {
      Check(std::move(connection));
    }
    fact().total_us = SinceStart();
    return std::move(outcome_);
  }

 private:
  protocol::CheckAttempt& fact() { return outcome_.fact; }
  [[nodiscard]] std::int64_t SinceStart() const {
    return context_.clock.NowUs() - outcome_.fact.start_us;
  }
  [[nodiscard]] std::string Timeout() const { return GoDuration(milliseconds(check_.timeout_ms)); }

  void Conclude(const char* result, std::string output) {
    fact().result = result;
    fact().output = std::move(output);
  }

  /// grpc.DialContext with WithBlock: what fails is tried again until the time is over.
  Connection ConnectUntilReady() {
    for (int failures = 0;; ++failures) {
      Connection connection = Connect();
      if (connection.session != nullptr || outcome_.stopped) {
        return connection;
      }
      const Patience pause = connecting_.AtMost(Backoff(failures));
      if (WaitFor(-1, 0, pause) == WaitResult::kStopped) {
        outcome_.stopped = true;
        return {};
      }
      if (connecting_.Expired()) {
        Conclude("failure",
                 "timeout: failed to connect service " + GoQuote(authority_) + " within " +
                     Timeout() + ": context deadline exceeded");
        return {};
      }
    }
  }

  /// One connection, up to the server's SETTINGS; without a session when it failed,
  /// `connect_error_` says why.
  Connection Connect() {
    const Patience ready = patience_.AtMost(kReadyLimit);
    const bool first = std::exchange(first_connection_, false);
    HostConnection dialed = ConnectToHost(check_.address,
                                          static_cast<std::uint16_t>(check_.port),
                                          connecting_.AtMost(kReadyLimit),
                                          first ? FirstDial(check_, context_) : DialOptions{});
    if (first) {
      fact().source_address = FormatIpAddress(dialed.local.address);
      fact().source_port = dialed.local.port;
      fact().connect_result = dialed.result;
      fact().phase = dialed.resolved ? CheckPhase::kConnect : CheckPhase::kResolve;
    }
    outcome_.stopped = dialed.stopped;
    if (dialed.stream == nullptr) {
      connect_error_ = "transport: Error while dialing: " + dialed.error;
      return {};
    }
    if (first) {
      fact().connect_us = SinceStart();
    }
    fact().phase = CheckPhase::kRequest;
    Connection connection{std::move(dialed.stream), nullptr};
    connection.session = std::make_unique<Http2Session>(*connection.socket,
                                                        Http2Announcement{{}, 0, kBandwidthPing});
    if (!AwaitSettings(*connection.session, ready)) {
      connection.session.reset();
    }
    return connection;
  }

  /// http2Client.readServerPreface
  bool AwaitSettings(Http2Session& session, const Patience& ready) {
    const Http2Event event = session.Next(ready);
    if (event.kind == Http2Event::Kind::kSettings) {
      return true;
    }
    outcome_.stopped = event.io.status == IoStatus::kStopped;
    const bool fault = event.kind == Http2Event::Kind::kConnectionFault;
    connect_error_ = "error reading server preface: " + (fault ? event.text : event.io.error);
    return false;
  }

  /// The call, and once more if the server did not see it.
  void Check(Connection connection) {
    for (bool again = true;; again = false) {
      GrpcCall call([this] { return patience_.Expired(); });
      const bool answered = Call(*connection.session, call);
      if (!again || !call.unprocessed()) {
        TakeLeave(*connection.session, call);
        if (answered) {
          Judge(*call.reply());
        }
        return;
      }
      if (call.draining() || call.lost()) {
        connection.session->Finish({}, Brief());
        connection = {};
        connection = Reconnect();
      }
      if (connection.session == nullptr) {
        return;
      }
    }
  }

  /// clientStream.finish and ClientConn.Close. A connection that drains is closed without a word
  /// when its stream has ended, but not when it was lost.
  void TakeLeave(Http2Session& session, const GrpcCall& call) {
    session.Finish(call.reset(), Brief());
    if (!call.draining() || call.lost()) {
      session.GoAway("client transport shutdown", Brief());
    }
  }

  [[nodiscard]] Patience Brief() const {
    return {steady_clock::now() + kGoodbyeLimit, context_.stop};
  }

  /// A connection for a call that is made again, which does not wait if there is none.
  Connection Reconnect() {
    Connection connection = Connect();
    if (connection.session == nullptr && !outcome_.stopped) {
      if (patience_.Expired()) {
        ConcludeDeadline();
      } else {
        Judge({{GrpcCode::kUnavailable, "connection error: desc = " + GoQuote(connect_error_)},
               0,
               false});
      }
    }
    return connection;
  }

  /// False when the attempt ended without a reply.
  bool Call(Http2Session& session, GrpcCall& call) {
    const Http2Fields fields = RequestFields();
    if (SizeOf(fields) > session.max_header_list()) {
      Judge({{GrpcCode::kInternal,
              "header list size to send violates the maximum size (" +
                  std::to_string(session.max_header_list()) + " bytes) set by server"},
             0,
             false});
      return false;
    }
    session.Request(fields, Frame(EncodeHealthRequest(check_.grpc.service)));
    while (!call.reply()) {
      const Http2Event event = session.Next(patience_);
      fact().phase = session.request_sent() ? CheckPhase::kHeaders : CheckPhase::kRequest;
      if (event.kind == Http2Event::Kind::kClosed) {
        outcome_.stopped = event.io.status == IoStatus::kStopped;
        if (outcome_.stopped || event.io.status == IoStatus::kExpired) {
          ConcludeDeadline();
          return false;
        }
      }
      if (event.kind == Http2Event::Kind::kHeaders && !fact().first_byte_us) {
        fact().first_byte_us = SinceStart();
      }
      call.Take(event, session.has_event());
      fact().http_status = call.http_status();
      if (call.has_headers()) {
        fact().phase = CheckPhase::kBody;
      }
    }
    return true;
  }

  /// As RFC 9113 §6.5.2 counts it, in bytes.
  static std::size_t SizeOf(const Http2Fields& fields) {
    std::size_t size = 0;
    for (const Http2Field& field : fields) {
      size += FieldSize(field.name, field.value);
    }
    return size;
  }

  /// http2Client.createHeaderFields. kubelet offers gzip as well (grpc-accept-encoding), which is
  /// not for who can't read it.
  [[nodiscard]] Http2Fields RequestFields() const {
    return {{":method", "POST"},
            {":scheme", "http"},
            {":path", "/grpc.health.v1.Health/Check"},
            {":authority", authority_},
            {"content-type", "application/grpc"},
            {"user-agent", check_.grpc.user_agent + kGrpcVersion},
            {"te", "trailers"},
            {"grpc-timeout", EncodeGrpcTimeout(patience_.until - steady_clock::now())}};
  }

  void ConcludeDeadline() {
    Conclude("failure", "timeout: health rpc did not complete within " + Timeout());
  }

  /// pkg/probe/grpc/grpc.go, Probe
  void Judge(const GrpcReply& reply) {
    switch (reply.status.code) {
      case GrpcCode::kOk:
        return JudgeAnswer(reply);
      case GrpcCode::kUnimplemented:
        return Conclude("failure",
                        "error: this server does not implement the grpc health protocol "
                        "(grpc.health.v1.Health): " +
                            reply.status.message);
      case GrpcCode::kDeadlineExceeded:
        return ConcludeDeadline();
      default:
        return Conclude("failure",
                        "error: health rpc probe failed: " + GrpcErrorText(reply.status));
    }
  }

  void JudgeAnswer(const GrpcReply& reply) {
    if (reply.end_without_answer) {
      return Conclude("failure", "error: health rpc probe failed: EOF");
    }
    fact().phase = CheckPhase::kDone;
    if (reply.serving == kServing) {
      return Conclude("success", "service healthy");
    }
    Conclude(
        "failure",
        "service unhealthy (responded with " + GoQuote(ServingStatusName(reply.serving)) + ")");
  }

  const protocol::Check& check_;
  const AttemptContext& context_;
  Patience patience_;
  Patience connecting_;
  AttemptOutcome outcome_;
  std::string authority_;
  std::string connect_error_;
  bool first_connection_ = true;
};

}  // namespace

AttemptOutcome AttemptGrpc(const protocol::Check& check, const AttemptContext& context) {
  return GrpcAttempt(check, context).Run();
}

}  // namespace netcheck::probe
