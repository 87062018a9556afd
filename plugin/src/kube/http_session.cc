#include "kube/http_session.h"

#include <fmt/format.h>

#include "kube/transport_error.h"
#include "kube/url.h"
#include "os/os.h"
#include "protocol/version.h"

namespace netcheck::kube {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// kubectl's dialer waits 30 s; here somebody waits for an answer about another connection.
constexpr milliseconds kConnectTimeout{10'000};
// How long an interrupt may go unnoticed.
constexpr milliseconds kStep{100};
constexpr std::size_t kMaxBody = std::size_t{256} << 20U;

curl_blob Blob(const std::string& content) {
  // libcurl copies: the flag says so, although the pointer isn't const.
  return {const_cast<char*>(content.data()), content.size(), CURL_BLOB_COPY};
}

template <typename Value>
void Set(CURL* easy, CURLoption option, Value value) {
  // Fails only for want of memory, or for an option that this libcurl was built without.
  curl_easy_setopt(easy, option, value);
}

std::string Header(CURL* easy, const char* name) {
  curl_header* header = nullptr;
  return curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &header) == CURLHE_OK ? header->value
                                                                                 : "";
}

}  // namespace

/// One request under way; libcurl's callbacks get it.
struct HttpSession::Transfer {
  CURL* easy = nullptr;
  const Receiver* receiver = nullptr;
  HttpAnswer answer;
  bool has_head = false;
  bool enough = false;  ///< The receiver said so.
  bool too_large = false;
  Clock::time_point started = Clock::now();
  Clock::time_point last_byte = started;

  [[nodiscard]] bool Success() {
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    answer.status = static_cast<int>(status);
    return status >= 200 && status < 300;
  }

  static std::size_t OnHeader(char* /*data*/, std::size_t size, std::size_t count, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    transfer.has_head = true;
    transfer.last_byte = Clock::now();
    return size * count;
  }

  static std::size_t OnBody(char* data, std::size_t size, std::size_t count, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    const std::string_view part(data, size * count);
    transfer.last_byte = Clock::now();
    if (transfer.receiver != nullptr && transfer.Success()) {
      transfer.enough = !(*transfer.receiver)(part);
      return transfer.enough ? CURL_WRITEFUNC_ERROR : part.size();
    }
    transfer.too_large = transfer.answer.body.size() + part.size() > kMaxBody;
    if (transfer.too_large) {
      return CURL_WRITEFUNC_ERROR;
    }
    transfer.answer.body.append(part);
    return part.size();
  }
};

HttpSession::HttpSession(const Connection& connection, std::function<int()> interrupted)
    : connection_(connection),
      interrupted_(std::move(interrupted)),
      multi_(curl_multi_init()),
      easy_(curl_easy_init()),
      error_text_(std::make_unique<char[]>(CURL_ERROR_SIZE)) {
  SetUp();
  SetTrust();
  SetProxy();
}

HttpSession::~HttpSession() {
  easy_.reset();
  curl_multi_cleanup(multi_);
}

void HttpSession::SetUp() {
  CURL* easy = easy_.get();
  const std::string agent =
      fmt::format("kubectl-netcheck/{} ({})", protocol::kNetcheckVersion, os::Platform());
  Set(easy, CURLOPT_USERAGENT, agent.c_str());
  Set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  Set(easy, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
  Set(easy, CURLOPT_NOSIGNAL, 1L);
  Set(easy, CURLOPT_QUICK_EXIT, 1L);  // an interrupt doesn't wait for a resolver that hangs
  Set(easy, CURLOPT_PATH_AS_IS, 1L);
  Set(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  Set(easy, CURLOPT_ACCEPT_ENCODING, "");
  Set(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(kConnectTimeout.count()));
  Set(easy, CURLOPT_ERRORBUFFER, error_text_.get());
  Set(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  Set(easy, CURLOPT_HEADERFUNCTION, &Transfer::OnHeader);
  Set(easy, CURLOPT_WRITEFUNCTION, &Transfer::OnBody);
}

void HttpSession::SetTrust() {
  CURL* easy = easy_.get();
  Url url = *ParseUrl(connection_.server);  // it was one when the connection was resolved
  if (!connection_.tls_server_name.empty()) {
    // libcurl takes the name for SNI and verification from the URL, so the URL gets the name, and
    // what it connects to, and asks for, are told apart from it.
    host_header_ = url.Authority();
    connect_to_.reset(curl_slist_append(nullptr, ("::" + url.Authority()).c_str()));
    Set(easy, CURLOPT_CONNECT_TO, connect_to_.get());
    url.host = connection_.tls_server_name;
  }
  base_url_ = url.scheme + "://" + url.Authority() + url.path;

  verify_record_.Attach(easy);
  // The folder that libcurl was built with must not add to the trusted ones.
  Set(easy, CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  if (connection_.insecure_skip_tls_verify) {
    Set(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    Set(easy, CURLOPT_SSL_VERIFYHOST, 0L);
  } else if (!connection_.certificate_authority.empty()) {
    curl_blob authority = Blob(connection_.certificate_authority);
    Set(easy, CURLOPT_CAINFO_BLOB, &authority);
  } else if (const auto system = os::TrustedCertificatesFile()) {
    Set(easy, CURLOPT_CAINFO, system->c_str());
  }
}

void HttpSession::SetProxy() {
  CURL* easy = easy_.get();
  // Go leaves the resolving of names to a SOCKS proxy; libcurl does so under another scheme. An
  // empty value keeps libcurl from reading the environment by its own rules.
  constexpr std::string_view kSocks = "socks5://";
  std::string proxy = connection_.proxy;
  if (proxy.starts_with(kSocks)) {
    proxy = "socks5h://" + proxy.substr(kSocks.size());
  }
  Set(easy, CURLOPT_PROXY, proxy.c_str());
  Set(easy, CURLOPT_NOPROXY, "");
  if (const auto system = os::TrustedCertificatesFile()) {
    Set(easy, CURLOPT_PROXY_CAINFO, system->c_str());
  }
}

HttpSession::Headers HttpSession::SetRequest(const HttpRequest& request, const Identity& identity) {
  CURL* easy = easy_.get();
  Set(easy, CURLOPT_URL, (base_url_ + request.target).c_str());
  Set(easy, CURLOPT_HTTPGET, 1L);
  if (!request.body.empty()) {
    Set(easy, CURLOPT_POST, 1L);
    Set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    Set(easy, CURLOPT_POSTFIELDS, request.body.c_str());
  }
  Set(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());

  std::vector<std::string> lines = request.headers;
  lines.emplace_back("Accept: application/json, */*");
  lines.emplace_back("Expect:");  // no round trip for "100 Continue"
  if (!request.body.empty()) {
    lines.emplace_back("Content-Type: application/json");
  }
  if (!host_header_.empty()) {
    lines.push_back("Host: " + host_header_);
  }
  if (!identity.authorization.empty()) {
    lines.push_back("Authorization: " + identity.authorization);
  }
  Headers headers;
  for (const std::string& line : lines) {
    headers.reset(curl_slist_append(headers.release(), line.c_str()));
  }
  Set(easy, CURLOPT_HTTPHEADER, headers.get());

  curl_blob certificate = Blob(identity.client_certificate);
  curl_blob key = Blob(identity.client_key);
  const bool present = !identity.client_certificate.empty();
  Set(easy, CURLOPT_SSLCERT_BLOB, present ? &certificate : nullptr);
  Set(easy, CURLOPT_SSLKEY_BLOB, present ? &key : nullptr);
  return headers;
}

ApiResult<HttpAnswer> HttpSession::Perform(const HttpRequest& request,
                                           const Identity& identity,
                                           const HttpLimits& limits,
                                           const Receiver* receiver) {
  if (limits.interruptible && interrupted_() != 0) {
    return InterruptedError();
  }
  const Headers headers = SetRequest(request, identity);
  Transfer transfer;
  transfer.easy = easy_.get();
  transfer.receiver = receiver;
  Set(easy_.get(), CURLOPT_HEADERDATA, &transfer);
  Set(easy_.get(), CURLOPT_WRITEDATA, &transfer);
  error_text_[0] = '\0';
  verify_record_.Keep(0);

  curl_multi_add_handle(multi_, easy_.get());
  const auto code = Drive(transfer, limits);
  auto answer = code ? Finish(transfer, *code) : ApiResult<HttpAnswer>(code.error());
  curl_multi_remove_handle(multi_, easy_.get());
  return answer;
}

/// Until the end, or until a limit or an interrupt breaks it off.
ApiResult<CURLcode> HttpSession::Drive(Transfer& transfer, const HttpLimits& limits) {
  for (;;) {
    int running = 0;
    curl_multi_perform(multi_, &running);
    int left = 0;
    if (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      return message->data.result;
    }
    if (limits.interruptible && interrupted_() != 0) {
      return InterruptedError();
    }
    const auto now = Clock::now();
    const auto over = [&](milliseconds limit, Clock::time_point since) {
      return limit.count() > 0 && now - since >= limit;
    };
    const bool silent = transfer.has_head && over(limits.silence, transfer.last_byte);
    if (silent && transfer.receiver != nullptr && transfer.Success()) {
      transfer.answer.fell_silent = true;
      return CURLE_OK;
    }
    if (silent) {
      return TimeoutError(connection_, limits.silence);
    }
    if (over(limits.whole, transfer.started)) {
      return TimeoutError(connection_, limits.whole);
    }
    if (!transfer.has_head && over(limits.head, transfer.started)) {
      return TimeoutError(connection_, limits.head);
    }
    curl_multi_poll(multi_, nullptr, 0, static_cast<int>(kStep.count()), nullptr);
  }
}

ApiResult<HttpAnswer> HttpSession::Finish(Transfer& transfer, CURLcode code) {
  CURL* easy = easy_.get();
  const bool success = transfer.Success();
  if (transfer.too_large) {
    return ApiError{
        Failure::kServer,
        transfer.answer.status,
        "",
        fmt::format("{} sent an answer larger than {} MiB", connection_.server, kMaxBody >> 20U)};
  }
  if (code != CURLE_OK && !(transfer.enough && success)) {
    TransportFault fault;
    fault.code = code;
    fault.text = error_text_.get();
    fault.has_head = transfer.has_head;
    fault.verify_result = verify_record_.error();
    curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &fault.os_errno);
    curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &fault.proxy_status);
    return TransportError(connection_, fault);
  }
  transfer.answer.retry_after = Header(easy, "Retry-After");
  transfer.answer.location = Header(easy, "Location");
  return std::move(transfer.answer);
}

}  // namespace netcheck::kube
