#include "kube/proxy.h"

#include <openssl/asn1.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <memory>
#include <optional>
#include <string_view>

namespace netcheck::kube {
namespace {

using Variable = std::function<std::optional<std::string>(const std::string&)>;
/// 4 or 16 bytes, most significant first.
using Address = std::string;

std::optional<Address> ParseAddress(const std::string& text) {
  const std::unique_ptr<ASN1_OCTET_STRING, void (*)(ASN1_OCTET_STRING*)> octets(
      a2i_IPADDRESS(text.c_str()), ASN1_OCTET_STRING_free);
  if (!octets) {
    return std::nullopt;
  }
  const auto* bytes = ASN1_STRING_get0_data(octets.get());
  return Address(reinterpret_cast<const char*>(bytes),
                 static_cast<std::size_t>(ASN1_STRING_length(octets.get())));
}

bool IsLoopback(const Address& address) {
  const Address ipv6_loopback = Address(15, '\0') + '\1';
  return address == ipv6_loopback || (address.size() == 4 && address[0] == 127);
}

/// "10.0.0.0/8" holds `address`; nullopt: not of that form.
std::optional<bool> InPrefix(const std::string& prefix, const std::optional<Address>& address) {
  const std::size_t slash = prefix.find('/');
  if (slash == std::string::npos) {
    return std::nullopt;
  }
  const auto network = ParseAddress(prefix.substr(0, slash));
  const std::string digits = prefix.substr(slash + 1);
  if (!network || digits.empty() || digits.size() > 3 ||
      digits.find_first_not_of("0123456789") != std::string::npos) {
    return std::nullopt;
  }
  const auto length = static_cast<std::size_t>(std::stoi(digits));
  if (length > network->size() * 8) {
    return std::nullopt;
  }
  if (!address || address->size() != network->size()) {
    return false;
  }
  for (std::size_t bit = 0; bit < length; ++bit) {
    const int difference = (*address)[bit / 8] ^ (*network)[bit / 8];
    if ((difference & (0x80 >> (bit % 8))) != 0) {
      return false;
    }
  }
  return true;
}

std::string Normalised(std::string text) {
  constexpr const char* kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string::npos) {
    return {};
  }
  text = text.substr(first, text.find_last_not_of(kSpace) - first + 1);
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  return text;
}

/// Splits "name:port", "[v6]:port" and "[v6]"; a bare IPv6 address has no port.
std::pair<std::string, std::string> SplitPort(const std::string& entry) {
  if (entry.front() == '[') {
    const std::size_t end = entry.find(']');
    const std::string port = end == std::string::npos ? "" : entry.substr(end + 1);
    return {entry.substr(1, end - 1), port.empty() ? "" : port.substr(1)};
  }
  const std::size_t colon = entry.find(':');
  if (colon == std::string::npos || entry.find(':', colon + 1) != std::string::npos) {
    return {entry, ""};
  }
  return {entry.substr(0, colon), entry.substr(colon + 1)};
}

/// One entry of NO_PROXY: "*", a prefix, an address, "name" (with its subdomains), ".name" or
/// "*.name" (only its subdomains); all but the first two with or without ":port".
bool Matches(const std::string& entry,
             const std::string& host,
             const std::string& port,
             const std::optional<Address>& address) {
  if (entry == "*") {
    return true;
  }
  if (const auto inside = InPrefix(entry, address)) {
    return *inside;
  }
  auto [name, only_port] = SplitPort(entry);
  if (name.empty() || (!only_port.empty() && only_port != port)) {
    return false;
  }
  if (const auto excluded = ParseAddress(name)) {
    return address == excluded;
  }
  if (name.starts_with("*.")) {
    name.erase(0, 1);
  }
  if (name.front() == '.') {
    return host.ends_with(name);
  }
  return host == name || host.ends_with("." + name);
}

bool IsDirect(const Url& server, const std::string& no_proxy) {
  const std::string host = Normalised(server.host);
  const auto address = ParseAddress(host);
  if (host == "localhost" || (address && IsLoopback(*address))) {
    return true;
  }
  for (std::size_t begin = 0; begin <= no_proxy.size();) {
    const std::size_t end = std::min(no_proxy.find(',', begin), no_proxy.size());
    const std::string entry = Normalised(no_proxy.substr(begin, end - begin));
    if (!entry.empty() && Matches(entry, host, server.port, address)) {
      return true;
    }
    begin = end + 1;
  }
  return false;
}

std::string EitherCase(const Variable& variable, const std::string& upper) {
  for (const std::string& name : {upper, Normalised(upper)}) {
    if (auto value = variable(name); value && !value->empty()) {
      return *value;
    }
  }
  return {};
}

}  // namespace

bool IsProxyUrl(const std::string& text) {
  constexpr std::array<std::string_view, 4> kSchemes = {"http", "https", "socks5", "socks5h"};
  const auto url = ParseUrl(text);
  return url && std::find(kSchemes.begin(), kSchemes.end(), url->scheme) != kSchemes.end();
}

std::string ProxyFromEnvironment(const Url& server, const Variable& variable) {
  const std::string proxy =
      EitherCase(variable, server.scheme == "https" ? "HTTPS_PROXY" : "HTTP_PROXY");
  if (proxy.empty() || IsDirect(server, EitherCase(variable, "NO_PROXY"))) {
    return {};
  }
  return IsProxyUrl(proxy) ? proxy : "http://" + proxy;
}

}  // namespace netcheck::kube
