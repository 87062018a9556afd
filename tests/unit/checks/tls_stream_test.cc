#include "checks/tls_stream.h"

#include <doctest/doctest.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <chrono>
#include <memory>
#include <string>

#include "unit/checks/scripted_stream.h"

namespace netcheck::probe {
namespace {

Patience FiveSeconds() {
  return {std::chrono::steady_clock::now() + std::chrono::seconds(5), {}};
}

/// A TLS server with a self-signed certificate at the other end of a stream, without any socket:
/// it answers within Write(), and what it has to say waits for Read().
class TlsServer : public ByteStream {
 public:
  explicit TlsServer(int max_version, const std::string& reply = "") : reply_(reply) {
    context_ = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_min_proto_version(context_, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context_, max_version);
    SSL_CTX_set_cipher_list(context_, "ALL:@SECLEVEL=0");
    UseSelfSignedCertificate();
    SSL_CTX_set_alpn_select_cb(context_, SelectAlpn, this);
    ssl_ = SSL_new(context_);
    SSL_set_bio(ssl_, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_accept_state(ssl_);
  }
  ~TlsServer() override {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
  }

  [[nodiscard]] const std::string& received() const { return received_; }
  [[nodiscard]] const std::string& alpn() const { return alpn_; }
  [[nodiscard]] std::string server_name() const {
    const char* name = SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name);
    return name != nullptr ? name : "";
  }

  IoResult Write(std::string_view bytes, const Patience& /*patience*/) override {
    BIO_write(SSL_get_rbio(ssl_), bytes.data(), static_cast<int>(bytes.size()));
    char buffer[4096];
    int got = 0;
    while ((got = SSL_read(ssl_, buffer, sizeof buffer)) > 0) {
      received_.append(buffer, static_cast<std::size_t>(got));
      if (!reply_.empty()) {
        SSL_write(ssl_, reply_.data(), static_cast<int>(reply_.size()));
        SSL_shutdown(ssl_);
        reply_.clear();
      }
    }
    return {IoResult::Status::kOk, bytes.size(), ""};
  }

  IoResult Read(std::span<char> buffer, const Patience& /*patience*/) override {
    const int got = BIO_read(SSL_get_wbio(ssl_), buffer.data(), static_cast<int>(buffer.size()));
    return got > 0 ? IoResult{IoResult::Status::kOk, static_cast<std::size_t>(got), ""}
                   : IoResult{IoResult::Status::kEnd, 0, ""};
  }

 private:
  void UseSelfSignedCertificate() {
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -7200);
    X509_gmtime_adj(X509_getm_notAfter(certificate), -3600);  // Expired: nobody verifies it.
    X509_set_pubkey(certificate, key);
    X509_sign(certificate, key, EVP_sha256());
    SSL_CTX_use_certificate(context_, certificate);
    SSL_CTX_use_PrivateKey(context_, key);
    X509_free(certificate);
    EVP_PKEY_free(key);
  }

  static int SelectAlpn(SSL* /*ssl*/,
                        const unsigned char** out,
                        unsigned char* out_size,
                        const unsigned char* in,
                        unsigned in_size,
                        void* self) {
    static_cast<TlsServer*>(self)->alpn_.assign(reinterpret_cast<const char*>(in), in_size);
    *out = in + 1;
    *out_size = in[0];
    return SSL_TLSEXT_ERR_OK;
  }

  SSL_CTX* context_ = nullptr;
  SSL* ssl_ = nullptr;
  std::string reply_;
  std::string received_;
  std::string alpn_;
};

TEST_CASE("tls: an expired self-signed certificate is good enough, as for kubelet") {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsServer server(version, "hello");
    TlsStream stream(server, "web.example");
    REQUIRE(stream.Handshake(FiveSeconds()).ok());
    CHECK(server.alpn() == "\x02h2\x08http/1.1");
    CHECK(stream.protocol() == "h2");
    CHECK(server.server_name() == "web.example");
    const std::string request(20000, 'r');  // More than one record.
    REQUIRE(stream.Write(request, FiveSeconds()).ok());
    CHECK(server.received() == request);
    char buffer[100];
    const IoResult read = stream.Read(buffer, FiveSeconds());
    REQUIRE(read.ok());
    CHECK(std::string(buffer, read.bytes) == "hello");
    CHECK(stream.Read(buffer, FiveSeconds()).status == IoResult::Status::kEnd);
  }
}

TEST_CASE("tls: an IP address is no server name") {
  for (const char* address : {"10.0.0.5", "fd00::5", ""}) {
    TlsServer server(TLS1_3_VERSION);
    TlsStream stream(server, address);
    REQUIRE(stream.Handshake(FiveSeconds()).ok());
    CHECK(server.server_name().empty());
  }
}

TEST_CASE("tls: versions before 1.2 are refused") {
  TlsServer server(TLS1_1_VERSION);
  TlsStream stream(server, "");
  const IoResult result = stream.Handshake(FiveSeconds());
  CHECK(result.status == IoResult::Status::kFailed);
  CHECK(result.error == "remote error: tls: protocol version not supported");
}

TEST_CASE("tls: peers that speak something else, in Go's words") {
  const auto error_of = [](ScriptedStream& peer) {
    TlsStream stream(peer, "");
    const IoResult result = stream.Handshake(FiveSeconds());
    CHECK(result.status == IoResult::Status::kFailed);
    return result.error;
  };
  ScriptedStream http;
  http.Answer("HT");
  http.Answer("TP/1.1 400 Bad Request\r\n\r\n");
  CHECK(error_of(http) == "http: server gave HTTP response to HTTPS client");
  ScriptedStream ssh;
  ssh.Answer("SSH-2.0-OpenSSH\r\n");
  CHECK(error_of(ssh) == "tls: first record does not look like a TLS handshake");
  ScriptedStream alert;
  alert.Answer(std::string("\x15\x03\x01\x00\x02\x02\x28", 7));
  CHECK(error_of(alert) == "remote error: tls: handshake failure");
  ScriptedStream closed;
  CHECK(error_of(closed) == "EOF");
  ScriptedStream cut;
  cut.Answer("\x16\x03");
  CHECK(error_of(cut) == "unexpected EOF");
  ScriptedStream reset;
  reset.EndWith({IoResult::Status::kFailed, 0, "read tcp a->b: read: connection reset by peer"});
  CHECK(error_of(reset) == "read tcp a->b: read: connection reset by peer");
  ScriptedStream garbage;
  garbage.Answer(std::string("\x16\x03\x03\x00\x04\x02\x00\x00\x00", 9));
  CHECK(error_of(garbage) == "local error: tls: unexpected message");
}

TEST_CASE("tls: patience and stop are passed on") {
  ScriptedStream silent;
  silent.EndWith({IoResult::Status::kExpired, 0, ""});
  TlsStream stream(silent, "");
  CHECK(stream.Handshake(FiveSeconds()).status == IoResult::Status::kExpired);
}

TEST_CASE("tls: connections that end before or within a record") {
  const auto ending_of = [](const std::string& answer) {
    ScriptedStream peer;
    peer.Answer(answer);
    TlsStream stream(peer, "");
    return stream.Handshake(FiveSeconds()).error;
  };
  CHECK(ending_of(std::string("\x16\x03\x03\x00\x50\x02\x00", 7)) == "unexpected EOF");
  CHECK(ending_of(std::string("\x15\x03\x03\x00\x02\x02\x00", 7)) == "EOF");
  CHECK(ending_of(std::string("\x15\x03\x03\x00\x02\x01\x70", 7)) == "EOF");
}

TEST_CASE("tls: what ended the connection is told again") {
  ScriptedStream reset;
  reset.FailOnce({IoResult::Status::kFailed, 0, "reset"});
  TlsStream stream(reset, "");
  CHECK(stream.Handshake(FiveSeconds()).error == "reset");
  char buffer[10];
  CHECK(stream.Read(buffer, FiveSeconds()).error == "reset");
}

TEST_CASE("tls: a server name has no dot at its end") {
  TlsServer server(TLS1_3_VERSION);
  TlsStream stream(server, "web.example.");
  REQUIRE(stream.Handshake(FiveSeconds()).ok());
  CHECK(server.server_name() == "web.example");
}

}  // namespace
}  // namespace netcheck::probe
