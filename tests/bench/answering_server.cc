// answering-server KIND PORT [CERTIFICATE KEY]
//
// The server of the benchmark: answers each connection to 127.0.0.1:PORT as a healthy target of
// that kind of probe does (http, https, tcp, grpc), one connection after the other, with as little
// work as can be. It prints a line when it listens, and ends when standard input does.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

namespace {

using std::string_view_literals::operator""sv;

constexpr int kBacklog = 128;

constexpr std::string_view kHttpAnswer =
    "HTTP/1.1 200 OK\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n"
    "Date: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
    "Content-Length: 2\r\n"
    "Connection: close\r\n"
    "\r\n"
    "ok";

constexpr std::string_view kSettings = "\0\0\0\4\0\0\0\0\0"sv;
/// The answer of a serving grpc.health.v1.Health: SETTINGS with ACK; HEADERS with :status 200 and
/// content-type application/grpc; DATA with status 1; HEADERS with grpc-status 0.
constexpr std::string_view kGrpcAnswer =
    "\0\0\0\4\1\0\0\0\0"
    "\0\0\24\1\4\0\0\0\1\x88\x0f\x10\20application/grpc"
    "\0\0\7\0\0\0\0\0\1\0\0\0\0\2\10\1"
    "\0\0\17\1\5\0\0\0\1\0\13grpc-status\1"
    "0"sv;
constexpr std::size_t kHttp2PrefaceBytes = 24;
constexpr std::size_t kHttp2FrameHeaderBytes = 9;

[[noreturn]] void Die(const char* what) {
  std::perror(what);
  std::exit(1);
}

class Connection {
 public:
  Connection(int fd, SSL_CTX* context) : fd_(fd) {
    if (context != nullptr) {
      ssl_.reset(SSL_new(context));
      SSL_set_fd(ssl_.get(), fd);
      failed_ = SSL_accept(ssl_.get()) != 1;
    }
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { close(fd_); }

  /// Appends what comes; false at the end.
  bool Read(std::string& bytes) {
    if (failed_) {
      return false;
    }
    std::array<char, 4096> buffer;
    const auto size = static_cast<int>(buffer.size());
    const auto got = ssl_ ? SSL_read(ssl_.get(), buffer.data(), size)
                          : static_cast<int>(recv(fd_, buffer.data(), buffer.size(), 0));
    if (got <= 0) {
      return false;
    }
    bytes.append(buffer.data(), static_cast<std::size_t>(got));
    return true;
  }

  void Write(std::string_view bytes) {
    if (ssl_) {
      SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
      SSL_shutdown(ssl_.get());
    } else {
      // What is lost shows in the client's answers.
      static_cast<void>(send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL));
    }
  }

 private:
  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  int fd_;
  std::unique_ptr<SSL, Free> ssl_;
  bool failed_ = false;
};

void AnswerHttp(Connection& connection) {
  std::string request;
  while (request.find("\r\n\r\n") == request.npos) {
    if (!connection.Read(request)) {
      return;
    }
  }
  connection.Write(kHttpAnswer);
}

void AwaitEnd(Connection& connection) {
  std::string ignored;
  while (connection.Read(ignored)) {
    ignored.clear();
  }
}

/// Whether a DATA frame with END_STREAM is there whole.
bool HasGrpcRequest(std::string_view bytes) {
  const auto byte = [&bytes](std::size_t at) -> std::size_t {
    return static_cast<unsigned char>(bytes[at]);
  };
  std::size_t at = kHttp2PrefaceBytes;
  while (at + kHttp2FrameHeaderBytes <= bytes.size()) {
    const bool last_data = byte(at + 3) == 0 && (byte(at + 4) & 1U) != 0;
    const std::size_t size = byte(at) << 16U | byte(at + 1) << 8U | byte(at + 2);
    at += kHttp2FrameHeaderBytes + size;
    if (last_data) {
      return at <= bytes.size();
    }
  }
  return false;
}

void AnswerGrpc(Connection& connection) {
  connection.Write(kSettings);
  std::string request;
  while (!HasGrpcRequest(request)) {
    if (!connection.Read(request)) {
      return;
    }
  }
  connection.Write(kGrpcAnswer);
  AwaitEnd(connection);
}

int Listen(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(fd, kBacklog) != 0) {
    Die("listen");
  }
  return fd;
}

/// False when standard input ended.
bool AwaitConnection(int listener) {
  std::array<pollfd, 2> entries{{{listener, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}}};
  while (poll(entries.data(), entries.size(), -1) < 0) {
  }
  return entries[1].revents == 0;
}

SSL_CTX* MakeTlsContext(const char* certificate, const char* key) {
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  if (SSL_CTX_use_certificate_file(context, certificate, SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1) {
    Die("certificate");
  }
  return context;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view kind = argc > 2 ? argv[1] : "";
  const bool tls = kind == "https";
  std::uint16_t port = 0;
  if (argc > 2) {
    std::from_chars(argv[2], argv[2] + std::string_view(argv[2]).size(), port);
  }
  void (*answer)(Connection&) = kind == "tcp" ? AwaitEnd : kind == "grpc" ? AnswerGrpc : AnswerHttp;
  if (port == 0 || argc != (tls ? 5 : 3)) {
    std::fputs("usage: answering-server http|tcp|grpc PORT | https PORT CERTIFICATE KEY\n", stderr);
    return 2;
  }
  SSL_CTX* context = tls ? MakeTlsContext(argv[3], argv[4]) : nullptr;
  const int listener = Listen(port);
  std::puts("listening");
  std::fflush(stdout);
  while (AwaitConnection(listener)) {
    if (const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC); fd >= 0) {
      Connection connection(fd, context);
      answer(connection);
    }
  }
  return 0;
}
