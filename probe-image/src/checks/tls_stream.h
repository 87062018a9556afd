#pragma once

#include <memory>
#include <string>

#include "checks/byte_stream.h"

namespace netcheck::probe {

/// TLS over another stream, as the TLS client of Go's net/http speaks it for kubelet: certificates
/// are not verified, TLS 1.2 at least, Go's cipher suites, no client certificate, h2 and http/1.1
/// offered by ALPN. Its errors are worded as Go's (src/crypto/tls): "remote error: tls: handshake
/// failure", "EOF", "http: server gave HTTP response to HTTPS client".
class TlsStream : public ByteStream {
 public:
  /// `lower` must outlive this. `server_name` goes into SNI unless it is an IP address or "".
  TlsStream(ByteStream& lower, const std::string& server_name);
  ~TlsStream() override;

  /// To be called once, first.
  IoResult Handshake(const Patience& patience);
  /// The protocol that the server chose by ALPN; "" for none.
  [[nodiscard]] std::string protocol() const;

  IoResult Read(std::span<char> buffer, const Patience& patience) override;
  IoResult Write(std::string_view bytes, const Patience& patience) override;

 private:
  struct State;

  IoResult Pump(int ssl_result, const Patience& patience);
  IoResult FlushOut(const Patience& patience);
  IoResult FillIn(const Patience& patience);
  IoResult Accept(std::string_view bytes);
  [[nodiscard]] IoResult ProtocolError() const;

  std::unique_ptr<State> state_;
};

}  // namespace netcheck::probe
