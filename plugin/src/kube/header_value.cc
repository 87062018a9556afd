#include "kube/header_value.h"

#include <fmt/format.h>

#include <algorithm>

namespace netcheck::kube {

bool FitsHeader(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < ' ' && c != '\t') || byte == 0x7f;
  });
}

std::string EscapeHeaderName(std::string_view key) {
  constexpr std::string_view kPlain =
      "!#$&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::string escaped;
  for (const char c : key) {
    if (kPlain.find(c) != std::string_view::npos) {
      escaped += c;
    } else {
      escaped += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return escaped;
}

}  // namespace netcheck::kube
