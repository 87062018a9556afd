#include "checks/tls_stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <utility>

#include "checks/tls_first_flight.h"
#include "engine/address.h"

namespace netcheck::probe {
namespace {

constexpr std::size_t kBufferBytes = 16384;

/// src/crypto/tls/cipher_suites.go without the suites that Go does not offer by default. SECLEVEL 0
/// because Go takes keys and digests that OpenSSL's default level refuses.
constexpr const char* kCiphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
    "ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES256-SHA:"
    "@SECLEVEL=0";

constexpr std::array<unsigned char, 12> kAlpn = {
    2, 'h', '2', 8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

struct SslFree {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

std::unique_ptr<SSL_CTX, SslFree> MakeContext() {
  // There is no openssl.cnf in the image, and one of a developer's machine must change nothing.
  OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
  std::unique_ptr<SSL_CTX, SslFree> context(SSL_CTX_new(TLS_client_method()));
  if (context == nullptr || SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) != 1 ||
      SSL_CTX_set_cipher_list(context.get(), kCiphers) != 1 ||
      SSL_CTX_set_alpn_protos(context.get(), kAlpn.data(), kAlpn.size()) != 0) {
    return nullptr;
  }
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  // Go takes servers without RFC 5746, and a connection closed without close_notify as its end.
  SSL_CTX_set_options(context.get(), SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context.get(), SSL_MODE_AUTO_RETRY);
  return context;
}

/// Of all connections: making one costs a quarter of a handshake. It keeps no sessions, so that
/// each handshake is a full one, as kubelet's are. Null when OpenSSL refused.
SSL_CTX* SharedContext() {
  static const auto context = MakeContext();
  return context.get();
}

IoResult Fault(std::string text) {
  return {IoResult::Status::kFailed, 0, std::move(text)};
}

/// The words for an error of OpenSSL that is no alert of the peer: Go's, if it sent the same alert.
/// Conn.unmarshalHandshakeMessage has another one for a message that it can't read.
std::string LocalErrorText(unsigned long error, int sent_alert) {
  if (sent_alert >= 0) {
    return "local error: " +
           GoAlertText(sent_alert == SSL_AD_DECODE_ERROR ? SSL_AD_UNEXPECTED_MESSAGE : sent_alert);
  }
  const char* reason = ERR_reason_error_string(error);
  return std::string("tls: ") + (reason != nullptr ? reason : "unknown error");
}

/// src/crypto/tls/handshake_client.go, hostnameInSNI: "" for an address.
std::string ServerNameIndication(std::string name) {
  const std::size_t zone = name.rfind('%');
  if (ParseIpAddress(zone > 0 ? name.substr(0, zone) : name)) {
    return "";
  }
  while (name.ends_with('.')) {
    name.pop_back();
  }
  return name;
}

/// Notes the alert that OpenSSL sends.
void NoteAlert(const SSL* ssl, int where, int value) {
  if ((where & SSL_CB_WRITE_ALERT) == SSL_CB_WRITE_ALERT) {
    *static_cast<int*>(SSL_get_app_data(ssl)) = value & 0xff;
  }
}

}  // namespace

struct TlsStream::State {
  ByteStream& lower;
  std::unique_ptr<SSL, SslFree> ssl = nullptr;
  BIO* in = nullptr;   ///< Bytes of the peer; owned by ssl.
  BIO* out = nullptr;  ///< Bytes for the peer; owned by ssl.
  TlsFirstFlight records = {};
  int sent_alert = -1;  ///< By OpenSSL; -1 for none.
  IoResult last = {};   ///< What ended the connection, told ever after (Conn.in.err).
};

TlsStream::TlsStream(ByteStream& lower, const std::string& server_name) : state_(new State{lower}) {
  if (SharedContext() == nullptr) {
    return;
  }
  state_->ssl.reset(SSL_new(SharedContext()));
  BIO* in = BIO_new(BIO_s_mem());
  BIO* out = BIO_new(BIO_s_mem());
  if (state_->ssl == nullptr || in == nullptr || out == nullptr) {
    BIO_free(in);
    BIO_free(out);
    state_->ssl.reset();
    return;
  }
  state_->in = in;
  state_->out = out;
  SSL_set_bio(state_->ssl.get(), in, out);
  SSL_set_connect_state(state_->ssl.get());
  SSL_set_app_data(state_->ssl.get(), &state_->sent_alert);
  SSL_set_info_callback(state_->ssl.get(), NoteAlert);
  const std::string name = ServerNameIndication(server_name);
  if (!name.empty()) {
    SSL_set_tlsext_host_name(state_->ssl.get(), name.c_str());
  }
}

TlsStream::~TlsStream() = default;

IoResult TlsStream::Handshake(const Patience& patience) {
  if (state_->ssl == nullptr) {
    return Fault(LocalErrorText(ERR_peek_last_error(), -1));
  }
  while (true) {
    ERR_clear_error();
    const int done = SSL_do_handshake(state_->ssl.get());
    IoResult result = Pump(done, patience);
    if (done == 1 || !result.ok()) {
      if (result.status == IoResult::Status::kEnd) {
        return Fault("EOF");
      }
      return result;
    }
  }
}

std::string TlsStream::protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(state_->ssl.get(), &name, &size);
  return size == 0 ? "" : std::string(reinterpret_cast<const char*>(name), size);
}

IoResult TlsStream::Read(std::span<char> buffer, const Patience& patience) {
  while (true) {
    std::size_t got = 0;
    ERR_clear_error();
    const int done = SSL_read_ex(state_->ssl.get(), buffer.data(), buffer.size(), &got);
    IoResult result = Pump(done, patience);
    if (done == 1 || !result.ok()) {
      result.bytes = got;
      return result;
    }
  }
}

IoResult TlsStream::Write(std::string_view bytes, const Patience& patience) {
  std::size_t written = 0;
  while (written < bytes.size()) {
    std::size_t put = 0;
    ERR_clear_error();
    const int done =
        SSL_write_ex(state_->ssl.get(), bytes.data() + written, bytes.size() - written, &put);
    written += put;
    IoResult result = Pump(done, patience);
    if (!result.ok()) {
      result.bytes = written;
      return result;
    }
  }
  return {IoResult::Status::kOk, written, ""};
}

/// After a call of OpenSSL: moves bytes to the peer and, if it wants some, from the peer.
IoResult TlsStream::Pump(int ssl_result, const Patience& patience) {
  const int wants = SSL_get_error(state_->ssl.get(), ssl_result);
  IoResult error =
      wants == SSL_ERROR_SSL || wants == SSL_ERROR_SYSCALL ? ProtocolError() : IoResult{};
  // An alert of ours is to reach the peer even when the connection failed.
  if (IoResult flushed = FlushOut(patience); !flushed.ok() && error.ok()) {
    return flushed;
  }
  if (!error.ok()) {
    return error;
  }
  if (wants == SSL_ERROR_ZERO_RETURN) {
    return {IoResult::Status::kEnd, 0, ""};
  }
  return wants == SSL_ERROR_WANT_READ ? FillIn(patience) : IoResult{};
}

IoResult TlsStream::FlushOut(const Patience& patience) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(state_->out, &bytes);
  if (size <= 0) {
    return {};
  }
  IoResult result =
      state_->lower.Write(std::string_view(bytes, static_cast<std::size_t>(size)), patience);
  (void)BIO_reset(state_->out);
  return result;
}

/// Conn.readRecordOrCCS
IoResult TlsStream::FillIn(const Patience& patience) {
  if (!state_->last.ok()) {
    return state_->last;
  }
  std::array<char, kBufferBytes> buffer{};
  IoResult result = state_->lower.Read(buffer, patience);
  if (result.ok()) {
    result = Accept({buffer.data(), result.bytes});
  } else if (result.status == IoResult::Status::kEnd && state_->records.within_record()) {
    result = Fault("unexpected EOF");
  }
  if (result.status == IoResult::Status::kEnd || result.status == IoResult::Status::kFailed) {
    state_->last = result;
  }
  return result;
}

/// Takes bytes of the peer.
IoResult TlsStream::Accept(std::string_view bytes) {
  TlsFirstFlight& records = state_->records;
  records.Feed(bytes);
  switch (records.state()) {
    case TlsFirstFlight::State::kFailed:
      return Fault(records.error());
    case TlsFirstFlight::State::kEnded:
      return {IoResult::Status::kEnd, 0, ""};
    default:
      break;
  }
  const std::string passed = records.TakePassed();
  BIO_write(state_->in, passed.data(), static_cast<int>(passed.size()));
  return {};
}

IoResult TlsStream::ProtocolError() const {
  const unsigned long error = ERR_peek_error();
  const int reason = ERR_GET_REASON(error);
  if (ERR_GET_LIB(error) == ERR_LIB_SSL && reason >= SSL_AD_REASON_OFFSET) {
    return Fault("remote error: " + GoAlertText(reason - SSL_AD_REASON_OFFSET));
  }
  return Fault(LocalErrorText(error, state_->sent_alert));
}

}  // namespace netcheck::probe
