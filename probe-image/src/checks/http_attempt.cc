#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "checks/attempt.h"
#include "checks/connect_host.h"
#include "checks/go_quote.h"
#include "checks/http2_exchange.h"
#include "checks/http_exchange.h"
#include "checks/http_request.h"
#include "checks/punycode.h"
#include "checks/tls_stream.h"

namespace netcheck::probe {
namespace {

using protocol::CheckPhase;

constexpr std::size_t kMaxRequests = 10;
/// Of a redirect's body, Go reads so much in the hope of using the connection again.
constexpr std::int64_t kRedirectBodyBytes = 2048;
/// http.DefaultTransport's TLSHandshakeTimeout, which kubelet's transport inherits.
constexpr std::chrono::seconds kTlsHandshakeLimit{10};
/// Between requests that a server does not take. Go makes no pause.
constexpr std::chrono::milliseconds kRetryPause{50};
constexpr const char* kAwaitingHeaders =
    "context deadline exceeded (Client.Timeout exceeded while awaiting headers)";

std::string Get(const std::string& url, const std::string& cause) {
  return "Get " + GoQuote(url) + ": " + cause;
}

/// What is looked up for a URL (src/net/http/transport.go, idnaASCIIFromURL). Go maps characters
/// before, upper case to lower case among them, which takes Unicode's tables.
std::string ConnectName(const Url& url) {
  return AsciiHost(Hostname(url));
}

/// nullopt for a port that is none.
std::optional<std::uint16_t> PortOf(const Url& url) {
  const std::string text = PortText(url);
  if (text.empty()) {
    return url.scheme == "https" ? 443 : 80;
  }
  unsigned port = 0;
  for (const char c : text) {
    port = port * 10 + static_cast<unsigned>(c - '0');
    if (port > 65535) {
      return std::nullopt;
    }
  }
  return static_cast<std::uint16_t>(port);
}

/// One attempt with all its redirects.
class HttpAttempt {
 public:
  HttpAttempt(const protocol::Check& check, const AttemptContext& context)
      : check_(check),
        context_(context),
        patience_{std::chrono::steady_clock::now() + std::chrono::milliseconds(check.patience_ms),
                  context.stop} {
    outcome_.fact.start_us = context.clock.NowUs();
  }

  AttemptOutcome Run() {
    const auto first = BuildProbeRequest(check_.http, check_.address, check_.port);
    if (!first) {
      fact().phase = CheckPhase::kRequest;
      fact().connect_result = protocol::kResultNotTried;
      Conclude("unknown", "");
      fact().error = first.error().message;
    } else {
      Follow(*first);
    }
    fact().total_us = SinceStart();
    return std::move(outcome_);
  }

 private:
  protocol::CheckAttempt& fact() { return outcome_.fact; }
  [[nodiscard]] std::int64_t SinceStart() const {
    return context_.clock.NowUs() - outcome_.fact.start_us;
  }

  /// The connection that the fact describes.
  [[nodiscard]] bool IsFirst() const { return connections_ == 0; }

  void Conclude(const char* result, std::string output) {
    fact().result = result;
    fact().output = std::move(output);
  }

  void Fail(const HttpGet& request, const std::string& cause) {
    Conclude("failure", Get(FormatUrlForMessage(request.url), cause));
  }

  /// Sends the first request and those of the redirects that kubelet follows.
  void Follow(const HttpGet& first) {
    HttpGet request = first;
    for (hop_ = 0;; ++hop_) {
      const auto response = Send(request);
      if (!response) {
        return;
      }
      const std::string location = FirstValue(response->headers, "Location");
      if (!IsRedirect(response->status) || location.empty()) {
        return Judge(*response);
      }
      auto next = FollowRedirect(first, request, location);
      if (!next) {
        return Fail(request, next.error().message);
      }
      if (Hostname(next->url) != Hostname(first.url)) {
        return Judge(*response);
      }
      if (hop_ + 1 >= kMaxRequests) {
        return Conclude("failure", Get(location, "stopped after 10 redirects"));
      }
      if (patience_.Expired()) {  // Reading the redirect's body took what was left.
        return Fail(*next, kAwaitingHeaders);
      }
      request = std::move(*next);
    }
  }

  /// One request and its response; nullopt when the attempt ended with it.
  std::optional<HttpResponse> Send(const HttpGet& request) {
    fact().phase = CheckPhase::kRequest;
    const auto text = SerializeHttp1(request);
    if (!text) {
      Fail(request, text.error().message);
      return std::nullopt;
    }
    if (request.url.scheme != "http" && request.url.scheme != "https") {
      Fail(request, "unsupported protocol scheme " + GoQuote(request.url.scheme));
      return std::nullopt;
    }
    while (true) {
      const auto result = SendOnce(request, *text);
      if (!result) {
        return std::nullopt;
      }
      if (result->status != ExchangeResult::Status::kRetry) {
        return Response(request, *result);
      }
      if (!PauseBeforeRetry(request)) {
        return std::nullopt;
      }
    }
  }

  /// On a connection of its own; nullopt when there was none.
  std::optional<ExchangeResult> SendOnce(const HttpGet& request, const std::string& text) {
    const auto socket = Connect(request);
    ++connections_;
    if (socket == nullptr) {
      return std::nullopt;
    }
    if (request.url.scheme == "http") {
      fact().phase = CheckPhase::kRequest;
      return ExchangeHttp1(*socket, ExchangeWith(request, text), patience_);
    }
    TlsStream tls(*socket, ConnectName(request.url));
    if (!Encrypt(request, tls)) {
      return std::nullopt;
    }
    fact().phase = CheckPhase::kRequest;
    if (tls.protocol() != "h2") {
      return ExchangeHttp1(tls, ExchangeWith(request, text), patience_);
    }
    const auto fields = Http2RequestFields(request);
    if (!fields) {
      Fail(request, fields.error().message);
      return std::nullopt;
    }
    return ExchangeHttp2(tls, *fields, ExchangeWith(request, text), patience_);
  }

  /// Go's transport tries again until the attempt's time is over (net/http's Transport.roundTrip,
  /// x/net/http2's shouldRetryRequest). False when it is.
  bool PauseBeforeRetry(const HttpGet& request) {
    const WaitResult waited = WaitFor(-1, 0, patience_.AtMost(kRetryPause));
    outcome_.stopped = waited == WaitResult::kStopped;
    if (!outcome_.stopped && patience_.Expired()) {
      Fail(request, kAwaitingHeaders);
    }
    return !outcome_.stopped && !patience_.Expired();
  }

  std::unique_ptr<SocketStream> Connect(const HttpGet& request) {
    fact().phase = CheckPhase::kConnect;
    const auto port = PortOf(request.url);
    if (!port) {
      Fail(request, "dial tcp: address " + PortText(request.url) + ": invalid port");
      return nullptr;
    }
    HostConnection connection =
        ConnectToHost(ConnectName(request.url),
                      *port,
                      patience_.AtMost(ConnectLimit(check_)),
                      IsFirst() ? FirstDial(check_, context_) : DialOptions{});
    if (IsFirst()) {
      fact().source_address = FormatIpAddress(connection.local.address);
      fact().source_port = connection.local.port;
      fact().connect_result = connection.result;
    }
    outcome_.stopped = connection.stopped;
    if (connection.stream == nullptr) {
      if (!connection.resolved) {
        fact().phase = CheckPhase::kResolve;
      }
      Fail(request, connection.expired ? kAwaitingHeaders : connection.error);
    } else if (IsFirst()) {
      fact().connect_us = SinceStart();
    }
    return std::move(connection.stream);
  }

  bool Encrypt(const HttpGet& request, TlsStream& tls) {
    fact().phase = CheckPhase::kTls;
    const IoResult result = tls.Handshake(patience_.AtMost(kTlsHandshakeLimit));
    switch (result.status) {
      case IoResult::Status::kOk:
        if (!fact().tls_us) {
          fact().tls_us = SinceStart();
        }
        return true;
      case IoResult::Status::kStopped:
        outcome_.stopped = true;
        return false;
      case IoResult::Status::kExpired:
        Fail(request, patience_.Expired() ? kAwaitingHeaders : "net/http: TLS handshake timeout");
        return false;
      default:
        Fail(request, result.error);
        return false;
    }
  }

  ExchangeOptions ExchangeWith(const HttpGet& request, const std::string& text) {
    ExchangeOptions options{text, {}, {}};
    options.on_first_byte = [this] {
      if (hop_ == 0) {
        fact().first_byte_us = SinceStart();
      }
    };
    options.body_limit = [this, &request](const HttpResponse& response) {
      return BodyLimit(request, response);
    };
    return options;
  }

  std::optional<HttpResponse> Response(const HttpGet& request, const ExchangeResult& result) {
    const HttpResponse& response = result.response;
    if (result.status != ExchangeResult::Status::kResponse) {
      outcome_.stopped = result.status == ExchangeResult::Status::kStopped;
      fact().phase = result.request_sent ? CheckPhase::kHeaders : CheckPhase::kRequest;
      const bool expired = result.status == ExchangeResult::Status::kExpired;
      Fail(request, expired ? kAwaitingHeaders : result.error);
      return std::nullopt;
    }
    fact().http_status = response.status;
    fact().server = FirstValue(response.headers, "Server");
    fact().location = FirstValue(response.headers, "Location");
    fact().phase = result.body_error.empty() ? CheckPhase::kDone : CheckPhase::kBody;
    body_error_ = result.body_error;
    return response;
  }

  /// How much net/http's Client.do reads of a response: all of it if it is the last one; a little
  /// of a short redirect that is followed.
  [[nodiscard]] std::size_t BodyLimit(const HttpGet& request, const HttpResponse& response) const {
    const std::string location = FirstValue(response.headers, "Location");
    if (!IsRedirect(response.status) || location.empty()) {
      return kMaxBodyBytes;
    }
    const auto reference = ParseUrl(location);
    if (!reference) {
      return 0;
    }
    if (Hostname(ResolveReference(request.url, *reference)) != Hostname(request.url)) {
      return kMaxBodyBytes;
    }
    return response.content_length > kRedirectBodyBytes ? 0 : kRedirectBodyBytes;
  }

  /// pkg/probe/http/http.go, DoHTTPProbe.
  void Judge(const HttpResponse& response) {
    if (!body_error_.empty()) {
      fact().error = body_error_;
      return Conclude("failure", "");
    }
    if (response.status >= 200 && response.status < 300) {
      return Conclude("success", response.body);
    }
    if (response.status >= 300 && response.status < 400) {
      return Conclude("warning", "Probe terminated redirects, Response body: " + response.body);
    }
    Conclude("failure", "HTTP probe failed with statuscode: " + std::to_string(response.status));
  }

  const protocol::Check& check_;
  const AttemptContext& context_;
  Patience patience_;
  AttemptOutcome outcome_;
  std::size_t hop_ = 0;
  std::size_t connections_ = 0;  ///< Tried before the current one.
  std::string body_error_;
};

}  // namespace

AttemptOutcome AttemptHttp(const protocol::Check& check, const AttemptContext& context) {
  return HttpAttempt(check, context).Run();
}

}  // namespace netcheck::probe
