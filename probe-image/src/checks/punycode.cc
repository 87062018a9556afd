#include "checks/punycode.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "checks/host_port.h"
#include "checks/utf8.h"

namespace netcheck::probe {
namespace {

// RFC 3492 §5.
constexpr std::uint32_t kBase = 36;
constexpr std::uint32_t kTMin = 1;
constexpr std::uint32_t kTMax = 26;
constexpr std::uint32_t kSkew = 38;
constexpr std::uint32_t kDamp = 700;
constexpr std::uint32_t kInitialBias = 72;
constexpr std::uint32_t kInitialN = 128;

bool IsAscii(std::string_view text) {
  return std::all_of(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::vector<std::uint32_t> RunesOf(std::string_view text) {
  constexpr std::uint32_t kReplacement = 0xfffd;
  std::vector<std::uint32_t> runes;
  while (!text.empty()) {
    std::uint32_t rune = 0;
    const std::size_t length = DecodeRune(text, rune);
    runes.push_back(length == 0 ? kReplacement : rune);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return runes;
}

char Digit(std::uint32_t value) {
  return static_cast<char>(value < 26 ? 'a' + value : '0' + (value - 26));
}

/// RFC 3492 §6.1.
std::uint32_t Adapt(std::uint32_t delta, std::uint32_t points, bool first) {
  delta /= first ? kDamp : 2;
  delta += delta / points;
  std::uint32_t k = 0;
  for (; delta > (kBase - kTMin) * kTMax / 2; k += kBase) {
    delta /= kBase - kTMin;
  }
  return k + (kBase - kTMin + 1) * delta / (delta + kSkew);
}

void AppendVariableLength(std::string& out, std::uint32_t value, std::uint32_t bias) {
  for (std::uint32_t k = kBase;; k += kBase) {
    const std::uint32_t threshold = k <= bias ? kTMin : std::min(k - bias, kTMax);
    if (value < threshold) {
      out += Digit(value);
      return;
    }
    out += Digit(threshold + (value - threshold) % (kBase - threshold));
    value = (value - threshold) / (kBase - threshold);
  }
}

/// RFC 3492 §6.3.
std::string Encode(const std::vector<std::uint32_t>& runes) {
  std::string out;
  for (const std::uint32_t rune : runes) {
    if (rune < kInitialN) {
      out += static_cast<char>(rune);
    }
  }
  const auto basic = static_cast<std::uint32_t>(out.size());
  if (basic > 0) {
    out += '-';
  }
  std::uint32_t n = kInitialN;
  std::uint32_t delta = 0;
  std::uint32_t bias = kInitialBias;
  for (std::uint32_t handled = basic; handled < runes.size(); ++delta, ++n) {
    std::uint32_t next = UINT32_MAX;
    for (const std::uint32_t rune : runes) {
      next = rune >= n ? std::min(next, rune) : next;
    }
    delta += (next - n) * (handled + 1);
    n = next;
    for (const std::uint32_t rune : runes) {
      if (rune < n) {
        ++delta;
      } else if (rune == n) {
        AppendVariableLength(out, delta, bias);
        bias = Adapt(delta, handled + 1, handled == basic);
        delta = 0;
        ++handled;
      }
    }
  }
  return out;
}

}  // namespace

std::string AsciiHost(const std::string& host) {
  std::string out;
  std::string_view rest = host;
  while (true) {
    const std::size_t dot = rest.find('.');
    const std::string_view label = rest.substr(0, dot);
    out += IsAscii(label) ? std::string(label) : "xn--" + Encode(RunesOf(label));
    if (dot == std::string_view::npos) {
      return out;
    }
    out += '.';
    rest.remove_prefix(dot + 1);
  }
}

std::string AsciiHostPort(const std::string& host_port) {
  if (IsAscii(host_port)) {
    return host_port;
  }
  const HostPort split = SplitHostPort(host_port);
  if (!split.fault.empty()) {
    return AsciiHost(host_port);
  }
  const std::string host = AsciiHost(split.host);
  return split.port.empty() ? host : JoinHostPort(host, split.port);
}

}  // namespace netcheck::probe
