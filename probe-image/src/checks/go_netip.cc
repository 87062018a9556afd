#include "checks/go_netip.h"

#include <algorithm>
#include <cstddef>

#include "checks/go_quote.h"

namespace netcheck::probe {
namespace {

constexpr std::size_t kNone = std::string_view::npos;

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

bool IsHexDigit(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/// parseAddrError
struct Fault {
  const char* message = nullptr;  ///< nullptr: none.
  std::string_view at;
};

/// parseIPv4Fields
Fault Ipv4Fault(std::string_view text) {
  unsigned value = 0;
  unsigned digits = 0;
  unsigned dots = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (IsDigit(c)) {
      if (digits == 1 && value == 0) {
        return {"IPv4 field has octet with leading zero", {}};
      }
      value = value * 10 + static_cast<unsigned>(c - '0');
      ++digits;
      if (value > 255) {
        return {"IPv4 field has value >255", {}};
      }
    } else if (c == '.') {
      if (i == 0 || i == text.size() - 1 || text[i - 1] == '.') {
        return {"IPv4 field must have at least one digit", text.substr(i)};
      }
      if (dots == 3) {
        return {"IPv4 address too long", {}};
      }
      ++dots;
      value = digits = 0;
    } else {
      return {"unexpected character", text.substr(i)};
    }
  }
  return dots < 3 ? Fault{"IPv4 address too short", {}} : Fault{};
}

/// parseIPv6 without its zone.
class Ipv6Parser {
 public:
  explicit Ipv6Parser(std::string_view text) : rest_(text) {}

  Fault Parse() {
    if (rest_.starts_with("::")) {
      ellipsis_ = 0;
      rest_.remove_prefix(2);
      if (rest_.empty()) {
        return {};
      }
    }
    while (bytes_ < kAddressBytes && !done_) {
      if (Fault fault = TakeField(); fault.message != nullptr) {
        return fault;
      }
    }
    if (!rest_.empty()) {
      return {"trailing garbage after address", rest_};
    }
    if (bytes_ < kAddressBytes && ellipsis_ == kNone) {
      return {"address string too short", {}};
    }
    if (bytes_ == kAddressBytes && ellipsis_ != kNone) {
      return {"the :: must expand to at least one field of zeros", {}};
    }
    return {};
  }

 private:
  static constexpr std::size_t kAddressBytes = 16;

  Fault TakeField() {
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), IsHexDigit);
    const auto digits = static_cast<std::size_t>(end - rest_.begin());
    if (digits > 4) {
      return {"each group must have 4 or less digits", rest_};
    }
    if (digits == 0) {
      return {"each colon-separated field must have at least one digit", rest_};
    }
    if (rest_.substr(digits).starts_with('.')) {
      return TakeIpv4();
    }
    bytes_ += 2;
    rest_.remove_prefix(digits);
    return TakeColons();
  }

  Fault TakeIpv4() {
    if (ellipsis_ == kNone && bytes_ != kAddressBytes - 4) {
      return {"embedded IPv4 address must replace the final 2 fields of the address", rest_};
    }
    if (bytes_ + 4 > kAddressBytes) {
      return {"too many hex fields to fit an embedded IPv4 at the end of the address", rest_};
    }
    const Fault fault = Ipv4Fault(rest_);
    rest_ = {};
    bytes_ += 4;
    done_ = true;
    return fault;
  }

  Fault TakeColons() {
    done_ = rest_.empty();
    if (done_) {
      return {};
    }
    if (rest_[0] != ':') {
      return {"unexpected character, want colon", rest_};
    }
    if (rest_.size() == 1) {
      return {"colon must be followed by more characters", rest_};
    }
    rest_.remove_prefix(1);
    if (rest_[0] == ':') {
      if (ellipsis_ != kNone) {
        return {"multiple :: in address", rest_};
      }
      ellipsis_ = bytes_;
      rest_.remove_prefix(1);
      done_ = rest_.empty();
    }
    return {};
  }

  std::string_view rest_;
  std::size_t bytes_ = 0;         ///< Of the address, known.
  std::size_t ellipsis_ = kNone;  ///< Where "::" stands, in bytes of the address.
  bool done_ = false;
};

Fault AddressFault(std::string_view text) {
  const std::size_t first = text.find_first_of(".:%");
  if (first == kNone) {
    return {"unable to parse IP", {}};
  }
  if (text[first] == '.') {
    return Ipv4Fault(text);
  }
  if (text[first] == '%') {
    return {"missing IPv6 address", {}};
  }
  const std::size_t zone = text.find('%');
  if (zone != kNone && zone + 1 == text.size()) {
    return {"zone must be a non-empty string", {}};
  }
  return Ipv6Parser(text.substr(0, zone)).Parse();
}

}  // namespace

std::string IpAddressFault(std::string_view text) {
  const Fault fault = AddressFault(text);
  if (fault.message == nullptr) {
    return "";
  }
  const std::string words = "ParseAddr(" + GoQuote(text) + "): " + fault.message;
  return fault.at.empty() ? words : words + " (at " + GoQuote(fault.at) + ")";
}

}  // namespace netcheck::probe
