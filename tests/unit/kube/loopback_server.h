#pragma once

#include <openssl/ssl.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "unit/kube/test_certificate.h"

namespace netcheck::kube {

/// The server's end of one connection.
class Peer {
 public:
  explicit Peer(int socket, SSL_CTX* tls, const std::atomic<bool>& stopping);
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  bool Handshake();
  /// Head and body of the next request (with Content-Length); nullopt: the client closed.
  std::optional<std::string> Read();
  void Write(const std::string& bytes);
  /// A whole answer, kept alive.
  void Answer(int status, const std::string& body, const std::string& more_headers = "");
  /// Until the client closes, the server stops, or 10 s are over.
  void WaitForClose();
  void Close() { closed_ = true; }
  [[nodiscard]] bool closed() const { return closed_; }

  [[nodiscard]] std::string server_name() const;         ///< SNI
  [[nodiscard]] std::string client_common_name() const;  ///< Of its certificate.

 private:
  bool WaitReadable();
  int ReadSome(char* buffer, int size);

  int socket_;
  SSL* tls_ = nullptr;
  const std::atomic<bool>& stopping_;
  bool closed_ = false;
  std::string buffered_;
};

/// HTTP/1.1 on 127.0.0.1, a thread for each connection; `handler` answers each request.
class LoopbackServer {
 public:
  using Handler = std::function<void(const std::string& request, Peer& peer)>;

  explicit LoopbackServer(Handler handler, const TestCertificate* identity = nullptr);
  ~LoopbackServer();
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string url() const;
  [[nodiscard]] int connections() const { return connections_; }
  /// All so far.
  [[nodiscard]] std::vector<std::string> requests();

 private:
  void Accept();
  void Serve(int socket);

  Handler handler_;
  SSL_CTX* tls_ = nullptr;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stopping_{false};
  std::atomic<int> connections_{0};
  std::mutex mutex_;
  std::vector<std::string> requests_;
  std::vector<std::thread> serving_;
  std::thread accepting_;
};

}  // namespace netcheck::kube
