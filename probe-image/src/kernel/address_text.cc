#include "kernel/address_text.h"

#include <arpa/inet.h>

#include <cstring>

#include "kernel/procfs_text.h"

namespace netcheck::probe {
namespace {

constexpr std::size_t kHexDigitsOfWord = 8;

std::optional<IpAddress> ParseHexWords(std::string_view text, bool host_order) {
  if (text.size() != kHexDigitsOfWord && text.size() != 4 * kHexDigitsOfWord) {
    return std::nullopt;
  }
  IpAddress address;
  address.family = text.size() == kHexDigitsOfWord ? AF_INET : AF_INET6;
  for (std::size_t i = 0; i < text.size() / kHexDigitsOfWord; ++i) {
    const auto word = ParseHex(text.substr(i * kHexDigitsOfWord, kHexDigitsOfWord));
    if (!word) {
      return std::nullopt;
    }
    const auto value = static_cast<std::uint32_t>(*word);
    const std::uint32_t stored = host_order ? value : htonl(value);
    std::memcpy(address.bytes.data() + i * sizeof stored, &stored, sizeof stored);
  }
  return address;
}

}  // namespace

std::optional<IpAddress> ParseIpAddress(std::string_view text) {
  const std::string terminated(text);
  IpAddress address;
  for (const int family : {AF_INET, AF_INET6}) {
    if (inet_pton(family, terminated.c_str(), address.bytes.data()) == 1) {
      address.family = family;
      return address;
    }
  }
  return std::nullopt;
}

std::string ToText(const IpAddress& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (inet_ntop(address.family, address.bytes.data(), text.data(), text.size()) == nullptr) {
    return {};
  }
  return text.data();
}

std::optional<IpAddress> ParseHostOrderHex(std::string_view text) {
  return ParseHexWords(text, /*host_order=*/true);
}

std::optional<IpAddress> ParseNetworkOrderHex(std::string_view text) {
  return ParseHexWords(text, /*host_order=*/false);
}

}  // namespace netcheck::probe
