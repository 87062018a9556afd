#include "checks/url.h"

#include <algorithm>

#include "checks/go_netip.h"
#include "checks/go_quote.h"
#include "checks/url_escape.h"

namespace netcheck::probe {
namespace {

using protocol::Error;
using protocol::Result;

bool HasControlByte(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < ' ' || c == 0x7f;
  });
}

bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

/// "" or ":" and digits.
bool IsOptionalPort(std::string_view text) {
  return text.empty() || (text[0] == ':' && std::all_of(text.begin() + 1, text.end(), IsDigit));
}

/// Cuts "scheme:" off `rest`; "" if there is none.
Result<std::string> TakeScheme(std::string_view& rest) {
  for (std::size_t i = 0; i < rest.size(); ++i) {
    const char c = rest[i];
    if (IsLetter(c)) {
      continue;
    }
    if (c == ':') {
      if (i == 0) {
        return Error{"missing protocol scheme"};
      }
      std::string scheme(rest.substr(0, i));
      std::transform(scheme.begin(), scheme.end(), scheme.begin(), [](char letter) {
        return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
      });
      rest.remove_prefix(i + 1);
      return scheme;
    }
    if (i == 0 || (!IsDigit(c) && c != '+' && c != '-' && c != '.')) {
      return std::string();
    }
  }
  return std::string();
}

/// What stands between brackets, its zone included.
Result<std::string> ParseIpLiteral(std::string_view literal) {
  const std::size_t zone = literal.find("%25");
  auto address = UnescapeUrlPart(literal.substr(0, zone), UrlPart::kHost);
  if (!address) {
    return address;
  }
  if (zone != std::string_view::npos) {
    auto name = UnescapeUrlPart(literal.substr(zone), UrlPart::kZone);
    if (!name) {
      return name;
    }
    *address += *name;
  }
  if (std::string fault = IpAddressFault(*address); !fault.empty()) {
    return Error{"invalid host: " + fault};
  }
  if (address->find(':') == std::string::npos) {
    return Error{"invalid IP-literal"};
  }
  return address;
}

Result<void> CheckPort(std::string_view port) {
  if (!IsOptionalPort(port)) {
    return Error{"invalid port " + GoQuote(port) + " after host"};
  }
  return {};
}

/// parseHost. What stands before a bracket is dropped: only later versions of Go refuse it.
Result<std::string> ParseHost(std::string_view host) {
  const std::size_t bracket = host.rfind('[');
  if (bracket != std::string_view::npos) {
    const std::size_t close = host.rfind(']');
    if (close == std::string_view::npos) {
      return Error{"missing ']' in host"};
    }
    const std::string_view port = host.substr(close + 1);
    if (auto valid = CheckPort(port); !valid) {
      return valid.error();
    }
    const auto literal = ParseIpLiteral(host.substr(bracket + 1, close - bracket - 1));
    return literal ? Result<std::string>("[" + *literal + "]" + std::string(port)) : literal;
  }
  if (const std::size_t colon = host.rfind(':'); colon != std::string_view::npos) {
    if (auto valid = CheckPort(host.substr(colon)); !valid) {
      return valid.error();
    }
  }
  return UnescapeUrlPart(host, UrlPart::kHost);
}

Result<UserInfo> ParseUser(std::string_view text) {
  constexpr std::string_view kAllowed = "-._:~!$&'()*+,;=%@";
  for (const char c : text) {
    if (!IsLetter(c) && !IsDigit(c) && kAllowed.find(c) == std::string_view::npos) {
      return Error{"net/url: invalid userinfo"};
    }
  }
  const std::size_t colon = text.find(':');
  const auto name = UnescapeUrlPart(text.substr(0, colon), UrlPart::kUserPassword);
  if (!name) {
    return name.error();
  }
  UserInfo user{*name, std::nullopt};
  if (colon != std::string_view::npos) {
    const auto password = UnescapeUrlPart(text.substr(colon + 1), UrlPart::kUserPassword);
    if (!password) {
      return password.error();
    }
    user.password = *password;
  }
  return user;
}

Result<void> ParseAuthority(std::string_view authority, Url& url) {
  const std::size_t at = authority.rfind('@');
  const auto host = ParseHost(at == std::string_view::npos ? authority : authority.substr(at + 1));
  if (!host) {
    return host.error();
  }
  url.host = *host;
  if (at != std::string_view::npos) {
    auto user = ParseUser(authority.substr(0, at));
    if (!user) {
      return user.error();
    }
    url.user = std::move(*user);
  }
  return {};
}

Result<void> SetPath(std::string_view raw, Url& url) {
  const auto path = UnescapeUrlPart(raw, UrlPart::kPath);
  if (!path) {
    return path.error();
  }
  url.path = *path;
  url.raw_path = EscapeUrlPart(*path, UrlPart::kPath) == raw ? "" : std::string(raw);
  return {};
}

void TakeQuery(std::string_view& rest, Url& url) {
  const std::size_t mark = rest.find('?');
  if (mark == std::string_view::npos) {
    return;
  }
  url.raw_query = rest.substr(mark + 1);
  url.force_query = url.raw_query.empty();
  rest = rest.substr(0, mark);
}

/// Everything but the fragment.
Result<Url> ParseWithoutFragment(std::string_view rest) {
  Url url;
  if (HasControlByte(rest)) {
    return Error{"net/url: invalid control character in URL"};
  }
  if (rest == "*") {
    url.path = "*";
    return url;
  }
  auto scheme = TakeScheme(rest);
  if (!scheme) {
    return scheme.error();
  }
  url.scheme = *scheme;
  TakeQuery(rest, url);
  if (rest.empty() || rest[0] != '/') {
    if (!url.scheme.empty()) {
      url.opaque = rest;
      return url;
    }
    if (rest.substr(0, rest.find('/')).find(':') != std::string_view::npos) {
      return Error{"first path segment in URL cannot contain colon"};
    }
  }
  const bool authority =
      rest.substr(0, 2) == "//" && (!url.scheme.empty() || rest.substr(0, 3) != "///");
  if (authority) {
    rest.remove_prefix(2);
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    if (auto parsed = ParseAuthority(rest.substr(0, slash), url); !parsed) {
      return parsed.error();
    }
    rest.remove_prefix(slash);
  }
  if (auto parsed = SetPath(rest, url); !parsed) {
    return parsed.error();
  }
  return url;
}

/// Whether a raw path or fragment is a correct encoding of something: sub-delimiters and brackets
/// may stand unescaped (RFC 3986, appendix A).
bool IsValidEncoded(std::string_view raw, UrlPart part) {
  constexpr std::string_view kAlsoFine = "!$&'()*+,;=:@[]%";
  return std::all_of(raw.begin(), raw.end(), [&](char c) {
    return kAlsoFine.find(c) != std::string_view::npos || IsPlain(c, part);
  });
}

/// A path or fragment as it was written, if that is a way to write it.
std::optional<std::string> AsWritten(const std::string& text,
                                     const std::string& raw,
                                     UrlPart part) {
  if (raw.empty() || !IsValidEncoded(raw, part)) {
    return std::nullopt;
  }
  const auto meant = UnescapeUrlPart(raw, part);
  return meant && *meant == text ? std::optional(raw) : std::nullopt;
}

std::string FormatUser(const UserInfo& user, const std::optional<std::string>& shown_password) {
  std::string text = EscapeUrlPart(user.name, UrlPart::kUserPassword);
  if (shown_password) {
    text += ":" + *shown_password;
  }
  return text + "@";
}

/// `user` ends with "@" or is empty.
std::string FormatWithUser(const Url& url, const std::string& user) {
  std::string text = url.scheme.empty() ? "" : url.scheme + ":";
  if (!url.opaque.empty()) {
    text += url.opaque;
  } else {
    const std::string path = EscapedPath(url);
    const bool authority = !url.host.empty() || url.user.has_value();
    if (authority || (!url.scheme.empty() && path.substr(0, 2) == "//")) {
      text += "//" + user + EscapeUrlPart(url.host, UrlPart::kHost);
    }
    if (!path.empty() && path[0] != '/' && !url.host.empty()) {
      text += '/';
    }
    const bool colon = path.substr(0, path.find('/')).find(':') != std::string::npos;
    text += (text.empty() && colon ? "./" : "") + path;
  }
  if (url.force_query || !url.raw_query.empty()) {
    text += "?" + url.raw_query;
  }
  if (!url.fragment.empty()) {
    text += "#" + AsWritten(url.fragment, url.raw_fragment, UrlPart::kFragment)
                      .value_or(EscapeUrlPart(url.fragment, UrlPart::kFragment));
  }
  return text;
}

/// The path that `reference` names, seen from `base`, without "." and ".." (resolvePath).
std::string ResolvePath(const std::string& base, const std::string& reference) {
  std::string full = reference;
  if (reference.empty()) {
    full = base;
  } else if (reference[0] != '/') {
    full = base.substr(0, base.rfind('/') + 1) + reference;
  }
  if (full.empty()) {
    return "";
  }
  std::string path = "/";
  bool first = true;
  bool directory = false;
  for (std::size_t start = 0; start <= full.size();) {
    const std::size_t end = std::min(full.find('/', start), full.size());
    const std::string segment = full.substr(start, end - start);
    directory = segment == "." || segment == "..";
    if (segment == "..") {
      const std::size_t parent = path.rfind('/');
      path.resize(std::max<std::size_t>(parent, 1));
      first = first || parent == 0;
    } else {
      path += (first || directory ? "" : "/") + (directory ? "" : segment);
      first = false;
    }
    start = end + 1;
  }
  path += directory ? "/" : "";
  return path.starts_with("//") ? path.substr(1) : path;
}

}  // namespace

Result<Url> ParseUrl(std::string_view text) {
  const std::size_t hash = text.find('#');
  const std::string_view before = text.substr(0, hash);
  auto url = ParseWithoutFragment(before);
  if (!url) {
    return Error{"parse " + GoQuote(before) + ": " + url.error().message};
  }
  if (hash != std::string_view::npos) {
    url->raw_fragment = text.substr(hash + 1);
    auto fragment = UnescapeUrlPart(url->raw_fragment, UrlPart::kFragment);
    if (!fragment) {
      return Error{"parse " + GoQuote(text) + ": " + fragment.error().message};
    }
    url->fragment = std::move(*fragment);
  }
  return url;
}

std::string EscapedPath(const Url& url) {
  if (auto written = AsWritten(url.path, url.raw_path, UrlPart::kPath)) {
    return *written;
  }
  return url.path == "*" ? "*" : EscapeUrlPart(url.path, UrlPart::kPath);
}

std::string RequestUri(const Url& url) {
  std::string text = url.opaque;
  if (text.empty()) {
    text = EscapedPath(url);
    if (text.empty()) {
      text = "/";
    }
  } else if (text.substr(0, 2) == "//") {
    text = url.scheme + ":" + text;
  }
  if (url.force_query || !url.raw_query.empty()) {
    text += "?" + url.raw_query;
  }
  return text;
}

std::string Hostname(const Url& url) {
  std::string host = url.host;
  if (const std::size_t colon = host.rfind(':');
      colon != std::string::npos && IsOptionalPort(std::string_view(host).substr(colon))) {
    host.resize(colon);
  }
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  return host;
}

std::string PortText(const Url& url) {
  const std::size_t colon = url.host.rfind(':');
  if (colon == std::string::npos || !IsOptionalPort(std::string_view(url.host).substr(colon))) {
    return "";
  }
  return url.host.substr(colon + 1);
}

std::string FormatUrl(const Url& url) {
  if (!url.user) {
    return FormatWithUser(url, "");
  }
  std::optional<std::string> password;
  if (url.user->password) {
    password = EscapeUrlPart(*url.user->password, UrlPart::kUserPassword);
  }
  return FormatWithUser(url, FormatUser(*url.user, password));
}

std::string FormatUrlForMessage(const Url& url) {
  if (!url.user || !url.user->password) {
    return FormatUrl(url);
  }
  return FormatWithUser(url, FormatUser(*url.user, "***"));
}

std::string FormatUrlWithoutUser(const Url& url) {
  return FormatWithUser(url, "");
}

Url ResolveReference(const Url& base, const Url& reference) {
  Url url = reference;
  if (url.scheme.empty()) {
    url.scheme = base.scheme;
  }
  const auto set_path = [&](const std::string& path) {
    if (!SetPath(path, url)) {  // Never: the path is made of encoded ones.
      url.path = path;
    }
  };
  if (!reference.scheme.empty() || !reference.host.empty() || reference.user) {
    set_path(ResolvePath(EscapedPath(reference), ""));
    return url;
  }
  if (!reference.opaque.empty()) {
    return url;
  }
  if (reference.path.empty() && !reference.force_query && reference.raw_query.empty()) {
    url.raw_query = base.raw_query;
    if (reference.fragment.empty()) {
      url.fragment = base.fragment;
      url.raw_fragment = base.raw_fragment;
    }
  }
  if (reference.path.empty() && !base.opaque.empty()) {
    url.opaque = base.opaque;
    return url;
  }
  url.host = base.host;
  url.user = base.user;
  set_path(ResolvePath(EscapedPath(base), EscapedPath(reference)));
  return url;
}

}  // namespace netcheck::probe
