#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace netcheck::probe {

/// The records of a TLS server as Go's client looks at them (src/crypto/tls/conn.go,
/// readRecordOrCCS, readHandshake) until its first message is complete, the ServerHello: what is
/// wrong so early is no TLS, and Go's words tell what it may be instead. After that only their ends
/// are looked for.
class TlsFirstFlight {
 public:
  enum class State {
    kWaiting,  ///< For more bytes.
    kPassed,   ///< The message is complete: the bytes are for the TLS library.
    kEnded,    ///< The server said that it ends the connection.
    kFailed,
  };

  void Feed(std::string_view bytes);

  [[nodiscard]] State state() const { return state_; }
  /// When failed: Go's words.
  [[nodiscard]] const std::string& error() const { return error_; }
  /// When passed: the bytes that were not handed out yet.
  std::string TakePassed();
  /// More of the current record is due: an end of the connection is unexpected here.
  [[nodiscard]] bool within_record() const;

 private:
  bool TakeRecord();
  void TakePayload(unsigned char type, std::string_view payload);
  void TakeAlert(std::string_view alert);
  void TakeHandshake(std::string_view fragment);
  void Fail(std::string error);
  void Skim(std::string_view bytes);

  State state_ = State::kWaiting;
  std::string error_;
  std::string held_;      ///< Not handed out yet.
  std::size_t at_ = 0;    ///< Of held_, looked at while waiting.
  std::string message_;   ///< Of the handshake, so far.
  int warnings_ = 0;      ///< In a row.
  std::string header_;    ///< When passed: of the current record, what is there of its header.
  std::size_t left_ = 0;  ///< When passed: of the current record's payload.
};

/// Go's name of a TLS alert (src/crypto/tls/alert.go): "tls: handshake failure", "tls: alert(250)".
std::string GoAlertText(int alert);

}  // namespace netcheck::probe
