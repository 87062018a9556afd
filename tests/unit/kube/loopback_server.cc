#include "unit/kube/loopback_server.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>

namespace netcheck::kube {
namespace {

using Clock = std::chrono::steady_clock;

SSL_CTX* MakeTls(const TestCertificate& identity) {
  SSL_CTX* tls = SSL_CTX_new(TLS_server_method());
  BIO* certificate_text =
      BIO_new_mem_buf(identity.certificate.data(), static_cast<int>(identity.certificate.size()));
  BIO* key_text = BIO_new_mem_buf(identity.key.data(), static_cast<int>(identity.key.size()));
  X509* certificate = PEM_read_bio_X509(certificate_text, nullptr, nullptr, nullptr);
  EVP_PKEY* key = PEM_read_bio_PrivateKey(key_text, nullptr, nullptr, nullptr);
  REQUIRE(SSL_CTX_use_certificate(tls, certificate) == 1);
  REQUIRE(SSL_CTX_use_PrivateKey(tls, key) == 1);
  X509_free(certificate);
  EVP_PKEY_free(key);
  BIO_free(certificate_text);
  BIO_free(key_text);
  // Asks for a client certificate and takes any, as the API server does at this layer.
  SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, [](int, X509_STORE_CTX*) { return 1; });
  SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
  return tls;
}

std::size_t BodyLength(const std::string& head) {
  constexpr const char* kName = "Content-Length: ";
  const std::size_t begin = head.find(kName);
  return begin == std::string::npos
             ? 0
             : std::stoul(head.substr(begin + std::string(kName).size(), 20));
}

}  // namespace

Peer::Peer(int socket, SSL_CTX* tls, const std::atomic<bool>& stopping)
    : socket_(socket), stopping_(stopping) {
  if (tls != nullptr) {
    tls_ = SSL_new(tls);
    SSL_set_fd(tls_, socket);
  }
}

Peer::~Peer() {
  SSL_free(tls_);
  ::close(socket_);
}

bool Peer::Handshake() {
  return tls_ == nullptr || SSL_accept(tls_) == 1;
}

bool Peer::WaitReadable() {
  const auto deadline = Clock::now() + std::chrono::seconds(10);
  while (!stopping_ && Clock::now() < deadline) {
    pollfd readable{socket_, POLLIN, 0};
    if ((tls_ != nullptr && SSL_pending(tls_) > 0) || ::poll(&readable, 1, 20) > 0) {
      return true;
    }
  }
  return false;
}

int Peer::ReadSome(char* buffer, int size) {
  if (!WaitReadable()) {
    return 0;
  }
  return tls_ != nullptr
             ? SSL_read(tls_, buffer, size)
             : static_cast<int>(::recv(socket_, buffer, static_cast<std::size_t>(size), 0));
}

std::optional<std::string> Peer::Read() {
  std::array<char, 4096> chunk{};
  for (;;) {
    const std::size_t end = buffered_.find("\r\n\r\n");
    if (end != std::string::npos) {
      const std::size_t length = end + 4 + BodyLength(buffered_.substr(0, end));
      if (buffered_.size() >= length) {
        std::string request = buffered_.substr(0, length);
        buffered_.erase(0, length);
        return request;
      }
    }
    const int got = ReadSome(chunk.data(), static_cast<int>(chunk.size()));
    if (got <= 0) {
      return std::nullopt;
    }
    buffered_.append(chunk.data(), static_cast<std::size_t>(got));
    constexpr char kTlsHandshake = 0x16;
    if (tls_ == nullptr && buffered_.front() == kTlsHandshake) {
      Write("HTTP/1.1 400 Bad Request\r\n\r\n");
      return std::nullopt;
    }
  }
}

void Peer::Write(const std::string& bytes) {
  if (tls_ != nullptr) {
    SSL_write(tls_, bytes.data(), static_cast<int>(bytes.size()));
  } else {
    [[maybe_unused]] const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
}

void Peer::Answer(int status, const std::string& body, const std::string& more_headers) {
  Write("HTTP/1.1 " + std::to_string(status) + " X\r\n" + more_headers +
        "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
}

void Peer::WaitForClose() {
  std::array<char, 256> chunk{};
  while (ReadSome(chunk.data(), static_cast<int>(chunk.size())) > 0) {
  }
  closed_ = true;
}

std::string Peer::server_name() const {
  const char* name = SSL_get_servername(tls_, TLSEXT_NAMETYPE_host_name);
  return name == nullptr ? "" : name;
}

std::string Peer::client_common_name() const {
  X509* certificate = SSL_get1_peer_certificate(tls_);
  if (certificate == nullptr) {
    return "";
  }
  const X509_NAME* subject = X509_get_subject_name(certificate);
  const int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  const ASN1_STRING* text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index));
  std::string name(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                   static_cast<std::size_t>(ASN1_STRING_length(text)));
  X509_free(certificate);
  return name;
}

LoopbackServer::LoopbackServer(Handler handler, const TestCertificate* identity)
    : handler_(std::move(handler)) {
  ::signal(SIGPIPE, SIG_IGN);  // a client that goes away in mid-answer is part of the tests
  if (identity != nullptr) {
    tls_ = MakeTls(*identity);
  }
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(listener_, 16) == 0);
  socklen_t length = sizeof address;
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
  port_ = ntohs(address.sin_port);
  accepting_ = std::thread([this] { Accept(); });
}

LoopbackServer::~LoopbackServer() {
  stopping_ = true;
  accepting_.join();
  for (std::thread& thread : serving_) {
    thread.join();
  }
  ::close(listener_);
  SSL_CTX_free(tls_);
}

std::string LoopbackServer::url() const {
  return (tls_ != nullptr ? "https" : "http") + std::string("://127.0.0.1:") +
         std::to_string(port_);
}

std::vector<std::string> LoopbackServer::requests() {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void LoopbackServer::Accept() {
  while (!stopping_) {
    pollfd readable{listener_, POLLIN, 0};
    if (::poll(&readable, 1, 20) <= 0) {
      continue;
    }
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket >= 0) {
      ++connections_;
      serving_.emplace_back([this, socket] { Serve(socket); });
    }
  }
}

void LoopbackServer::Serve(int socket) {
  Peer peer(socket, tls_, stopping_);
  if (!peer.Handshake()) {
    return;
  }
  while (!peer.closed()) {
    const auto request = peer.Read();
    if (!request) {
      return;
    }
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(*request);
    }
    handler_(*request, peer);
  }
}

}  // namespace netcheck::kube
