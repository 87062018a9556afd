#include "checks/grpc_status_details.h"

#include <cstdint>
#include <optional>

#include "checks/go_quote.h"
#include "checks/protobuf_reader.h"
#include "checks/utf8.h"

namespace netcheck::probe {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string IllegalAt(std::size_t offset) {
  return "illegal base64 data at input byte " + std::to_string(offset);
}

/// Whether `at` is the first of the padding characters that end a text. "" or Go's words.
std::string CheckPadding(std::string_view text, std::size_t at) {
  const std::size_t place = at % 4;
  if (text[at] != '=' || text.size() % 4 != 0 || place < 2) {
    return IllegalAt(at);
  }
  if (place == 2 && text[at + 1] != '=') {
    return IllegalAt(at);
  }
  const std::size_t end = at + (place == 2 ? 2 : 1);
  return end < text.size() ? IllegalAt(end) : "";
}

/// google.rpc.Status; nullopt for what is none.
std::optional<GrpcStatus> ParseStatus(std::string_view message) {
  GrpcStatus status;
  ProtobufReader reader(message);
  while (const auto field = reader.Next()) {
    if (field->number == 1 && field->wire_type == ProtobufField::kVarint) {
      status.code = static_cast<GrpcCode>(static_cast<std::uint32_t>(field->value));
    } else if (field->number == 2 && field->wire_type == ProtobufField::kBytes) {
      if (!IsUtf8(field->bytes)) {
        return std::nullopt;
      }
      status.message = field->bytes;
    }
  }
  return reader.complete() ? std::optional(status) : std::nullopt;
}

/// As prototext has it on one line.
std::string FormatStatus(const GrpcStatus& status) {
  std::string text;
  if (status.code != GrpcCode::kOk) {
    text = "code:" + std::to_string(static_cast<std::int32_t>(status.code));
  }
  if (!status.message.empty()) {
    text += (text.empty() ? "message:" : " message:") + GoQuote(status.message);
  }
  return text;
}

}  // namespace

std::string DecodeBase64(std::string_view text, std::string& bytes) {
  std::uint32_t group = 0;
  std::size_t digits = 0;
  for (; digits < text.size(); ++digits) {
    const std::size_t value = kAlphabet.find(text[digits]);
    if (value == std::string_view::npos) {
      if (std::string fault = CheckPadding(text, digits); !fault.empty()) {
        return fault;
      }
      break;
    }
    group = group << 6U | static_cast<std::uint32_t>(value);
    if (digits % 4 != 0) {
      bytes += static_cast<char>(group >> (6 - 2 * (digits % 4)) & 0xffU);
    }
  }
  return digits % 4 == 1 ? IllegalAt(digits - 1) : "";
}

GrpcStatus WithDetails(const GrpcStatus& status, const std::vector<std::string>& details) {
  const auto detailed = details.size() == 1 ? ParseStatus(details.front()) : std::nullopt;
  if (!detailed) {
    return status;
  }
  if (detailed->code == status.code) {
    return *detailed;
  }
  return {GrpcCode::kInternal,
          "grpc-status-details-bin mismatch: grpc-status=" + GrpcCodeName(status.code) +
              ", grpc-message=" + GoQuote(status.message) +
              ", grpc-status-details-bin=" + FormatStatus(*detailed)};
}

}  // namespace netcheck::probe
