#include "checks/tls_first_flight.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

namespace netcheck::probe {
namespace {

constexpr std::size_t kRecordHeaderBytes = 5;
constexpr std::size_t kMaxPlaintext = 16384;
constexpr std::size_t kMaxCiphertext = kMaxPlaintext + 2048;
constexpr std::size_t kMaxHandshake = 65536;
constexpr int kMaxUselessRecords = 16;

constexpr unsigned char kAlert = 21;
constexpr unsigned char kHandshake = 22;

constexpr int kCloseNotify = 0;
constexpr int kUnexpectedMessage = 10;
constexpr int kRecordOverflow = 22;

unsigned char ByteAt(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

std::size_t PayloadBytes(std::string_view header) {
  return static_cast<std::size_t>(ByteAt(header, 3)) << 8U | ByteAt(header, 4);
}

std::string LocalError(int alert) {
  return "local error: " + GoAlertText(alert);
}

std::string HeaderFault(std::string_view header) {
  const unsigned char type = ByteAt(header, 0);
  if (header == "HTTP/") {
    return "http: server gave HTTP response to HTTPS client";
  }
  if (type == 0x80) {
    return "tls: unsupported SSLv2 handshake received";
  }
  if ((type != kAlert && type != kHandshake) || ByteAt(header, 1) >= 0x10) {
    return "tls: first record does not look like a TLS handshake";
  }
  if (PayloadBytes(header) > kMaxCiphertext) {
    return "tls: oversized record received with length " + std::to_string(PayloadBytes(header));
  }
  return "";
}

}  // namespace

void TlsFirstFlight::Feed(std::string_view bytes) {
  held_ += bytes;
  if (state_ == State::kPassed) {
    return Skim(bytes);
  }
  while (state_ == State::kWaiting && TakeRecord()) {
  }
  if (state_ == State::kPassed) {
    Skim(std::string_view(held_).substr(at_));
  }
}

std::string TlsFirstFlight::TakePassed() {
  return state_ == State::kPassed ? std::exchange(held_, {}) : "";
}

bool TlsFirstFlight::within_record() const {
  return state_ == State::kPassed ? !header_.empty() : at_ < held_.size();
}

/// False when the record is not complete.
bool TlsFirstFlight::TakeRecord() {
  const std::string_view rest = std::string_view(held_).substr(at_);
  if (rest.size() < kRecordHeaderBytes) {
    return false;
  }
  const std::string_view header = rest.substr(0, kRecordHeaderBytes);
  if (std::string fault = HeaderFault(header); !fault.empty()) {
    Fail(std::move(fault));
    return false;
  }
  const std::size_t size = PayloadBytes(header);
  if (rest.size() < kRecordHeaderBytes + size) {
    return false;
  }
  at_ += kRecordHeaderBytes + size;
  TakePayload(ByteAt(header, 0), rest.substr(kRecordHeaderBytes, size));
  return true;
}

void TlsFirstFlight::TakePayload(unsigned char type, std::string_view payload) {
  if (payload.size() > kMaxPlaintext) {
    Fail(LocalError(kRecordOverflow));
  } else if (type == kAlert) {
    TakeAlert(payload);
  } else if (payload.empty()) {
    Fail(LocalError(kUnexpectedMessage));
  } else {
    TakeHandshake(payload);
  }
}

void TlsFirstFlight::TakeAlert(std::string_view alert) {
  constexpr unsigned char kWarning = 1;
  constexpr unsigned char kError = 2;
  if (alert.size() != 2) {
    return Fail(LocalError(kUnexpectedMessage));
  }
  const unsigned char level = ByteAt(alert, 0);
  const int number = ByteAt(alert, 1);
  if (number == kCloseNotify) {
    state_ = State::kEnded;
  } else if (level == kError) {
    Fail("remote error: " + GoAlertText(number));
  } else if (level != kWarning) {
    Fail(LocalError(kUnexpectedMessage));
  } else if (++warnings_ > kMaxUselessRecords) {
    Fail("tls: too many ignored records");
  }
}

/// Conn.readHandshake, Conn.unmarshalHandshakeMessage. A message of another type that Go knows is
/// left to the TLS library, as is what the ServerHello says.
void TlsFirstFlight::TakeHandshake(std::string_view fragment) {
  constexpr std::size_t kHeaderBytes = 4;
  constexpr std::size_t kVersionBytes = 2;
  constexpr unsigned char kServerHello = 2;
  constexpr unsigned kTls12 = 0x0303;
  warnings_ = 0;
  message_ += fragment;
  if (message_.size() < kHeaderBytes) {
    return;
  }
  const std::size_t size = static_cast<std::size_t>(ByteAt(message_, 1)) << 16U |
                           static_cast<std::size_t>(ByteAt(message_, 2)) << 8U |
                           ByteAt(message_, 3);
  if (size > kMaxHandshake) {
    return Fail("tls: handshake message of length " + std::to_string(size) +
                " bytes exceeds maximum of " + std::to_string(kMaxHandshake) + " bytes");
  }
  if (message_.size() < kHeaderBytes + size) {
    return;
  }
  state_ = State::kPassed;
  if (ByteAt(message_, 0) == kServerHello && size >= kVersionBytes) {
    const unsigned version = ByteAt(message_, 4) * 256U + ByteAt(message_, 5);
    if (version < kTls12) {  // Conn.pickTLSVersion
      std::array<char, 8> digits{};
      std::snprintf(digits.data(), digits.size(), "%x", version);
      Fail(std::string("tls: server selected unsupported protocol version ") + digits.data());
    }
  }
}

void TlsFirstFlight::Fail(std::string error) {
  error_ = std::move(error);
  state_ = State::kFailed;
}

/// Follows the records of passed bytes.
void TlsFirstFlight::Skim(std::string_view bytes) {
  while (!bytes.empty()) {
    if (header_.size() < kRecordHeaderBytes) {
      const std::size_t size = std::min(bytes.size(), kRecordHeaderBytes - header_.size());
      header_ += bytes.substr(0, size);
      bytes.remove_prefix(size);
      if (header_.size() < kRecordHeaderBytes) {
        return;
      }
      left_ = PayloadBytes(header_);
    }
    const std::size_t size = std::min(bytes.size(), left_);
    bytes.remove_prefix(size);
    left_ -= size;
    if (left_ == 0) {
      header_.clear();
    }
  }
}

std::string GoAlertText(int alert) {
  // src/crypto/tls/alert.go
  static constexpr std::pair<int, const char*> kTexts[] = {
      {0, "close notify"},
      {10, "unexpected message"},
      {20, "bad record MAC"},
      {21, "decryption failed"},
      {22, "record overflow"},
      {30, "decompression failure"},
      {40, "handshake failure"},
      {42, "bad certificate"},
      {43, "unsupported certificate"},
      {44, "revoked certificate"},
      {45, "expired certificate"},
      {46, "unknown certificate"},
      {47, "illegal parameter"},
      {48, "unknown certificate authority"},
      {49, "access denied"},
      {50, "error decoding message"},
      {51, "error decrypting message"},
      {60, "export restriction"},
      {70, "protocol version not supported"},
      {71, "insufficient security level"},
      {80, "internal error"},
      {86, "inappropriate fallback"},
      {90, "user canceled"},
      {100, "no renegotiation"},
      {109, "missing extension"},
      {110, "unsupported extension"},
      {111, "certificate unobtainable"},
      {112, "unrecognized name"},
      {113, "bad certificate status response"},
      {114, "bad certificate hash value"},
      {115, "unknown PSK identity"},
      {116, "certificate required"},
      {120, "no application protocol"},
      {121, "encrypted client hello required"}};
  for (const auto& [number, text] : kTexts) {
    if (number == alert) {
      return std::string("tls: ") + text;
    }
  }
  return "tls: alert(" + std::to_string(alert) + ")";
}

}  // namespace netcheck::probe
