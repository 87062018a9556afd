#include "checks/http_request.h"

#include <algorithm>

#include "checks/go_quote.h"
#include "checks/host_port.h"
#include "checks/punycode.h"
#include "protocol/base64.h"

namespace netcheck::probe {
namespace {

using protocol::Error;
using protocol::Result;

std::string LowerCase(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

HttpHeaders ProbeHeaders(const protocol::HttpRequest& spec) {
  HttpHeaders headers;
  for (const protocol::Header& header : spec.headers) {
    headers[CanonicalHeaderName(header.name)].push_back(header.value);
  }
  headers.try_emplace("User-Agent", std::vector{spec.user_agent});
  const auto [accept, added] = headers.try_emplace("Accept", std::vector<std::string>{"*/*"});
  if (!added && accept->second.front().empty()) {
    headers.erase(accept);
  }
  return headers;
}

/// Bytes that src/vendor/golang.org/x/net/http/httpguts lets through in a Host header.
bool IsValidHost(const std::string& host) {
  constexpr std::string_view kPunctuation = "!$%&()*+,-.:;=[]'_~";
  return std::all_of(host.begin(), host.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kPunctuation.find(c) != std::string_view::npos;
  });
}

/// "[fe80::1%eth0]:80" → "[fe80::1]:80".
std::string WithoutZone(const std::string& host) {
  const std::size_t close = host.rfind(']');
  if (host.empty() || host[0] != '[' || close == std::string::npos) {
    return host;
  }
  const std::size_t zone = host.substr(0, close).rfind('%');
  return zone == std::string::npos ? host : host.substr(0, zone) + host.substr(close);
}

std::string HostHeader(const HttpGet& request) {
  const std::string host = AsciiHostPort(request.host.empty() ? request.url.host : request.host);
  return IsValidHost(host) ? WithoutZone(host) : "";
}

Result<void> CheckHeaders(const HttpHeaders& headers) {
  for (const auto& [name, values] : headers) {
    if (name.empty() || !std::all_of(name.begin(), name.end(), IsTokenByte)) {
      return Error{"net/http: invalid header field name " + GoQuote(name)};
    }
    for (const std::string& value : values) {
      const bool valid = std::all_of(value.begin(), value.end(), [](char c) {
        return c == '\t' || (static_cast<unsigned char>(c) >= ' ' && c != 0x7f);
      });
      if (!valid) {
        return Error{"net/http: invalid header field value for " + GoQuote(name)};
      }
    }
  }
  return {};
}

bool AsksForProtocolSwitch(const HttpHeaders& headers) {
  return !FirstValue(headers, "Upgrade").empty() && HasToken(headers, "Connection", "Upgrade");
}

std::string HeaderLine(const std::string& name, const std::string& value) {
  return name + ": " + std::string(TrimBlanks(value)) + "\r\n";
}

std::string BasicAuthorization(const UserInfo& user) {
  return "Basic " + protocol::Base64Encode(user.name + ":" + user.password.value_or(""));
}

/// With the one field that Go's client adds.
HttpHeaders HeadersToSend(const HttpGet& request) {
  HttpHeaders headers = request.headers;
  if (request.url.user && FirstValue(headers, "Authorization").empty()) {
    headers["Authorization"] = {BasicAuthorization(*request.url.user)};
  }
  return headers;
}

/// A list of strings as fmt's %q writes it.
std::string QuotedList(const std::vector<std::string>& values) {
  std::string text = "[";
  for (const std::string& value : values) {
    text += (text.size() > 1 ? " " : "") + GoQuote(value);
  }
  return text + "]";
}

/// checkConnHeaders
Result<void> CheckConnectionHeaders(const HttpHeaders& headers) {
  const auto check = [&](const char* name, bool only_first, auto&& harmless) -> Result<void> {
    const auto it = headers.find(name);
    if (it == headers.end() ||
        ((only_first || it->second.size() == 1) && harmless(it->second.front()))) {
      return {};
    }
    return Error{std::string("http2: invalid ") + name +
                 " request header: " + QuotedList(it->second)};
  };
  const auto empty_or_chunked = [](const std::string& value) {
    return value.empty() || value == "chunked";
  };
  if (auto fine = check("Upgrade", true, empty_or_chunked); !fine) {
    return fine;
  }
  if (auto fine = check("Transfer-Encoding", false, empty_or_chunked); !fine) {
    return fine;
  }
  return check("Connection", false, [](const std::string& value) {
    return value.empty() || EqualFold(value, "close") || EqualFold(value, "keep-alive");
  });
}

/// Each cookie is a field of its own.
void AddCookies(std::string_view value, Http2Fields& fields) {
  for (std::size_t end = value.find(';'); end != std::string_view::npos; end = value.find(';')) {
    fields.push_back({"cookie", std::string(value.substr(0, end))});
    value.remove_prefix(end + 1);
    value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
  }
  if (!value.empty()) {
    fields.push_back({"cookie", std::string(value)});
  }
}

void AddRegularFields(const HttpHeaders& headers, Http2Fields& fields) {
  for (const auto& [canonical, values] : headers) {
    const std::string name = LowerCase(canonical);
    for (const std::string& value : values) {
      if (name == "cookie") {
        AddCookies(value, fields);
      } else {
        fields.push_back({name, value});
      }
    }
  }
}

/// The Referer of the next request; "" for none.
std::string Referer(const HttpGet& last, const HttpGet& next) {
  if (last.url.scheme == "https" && next.url.scheme == "http") {
    return "";
  }
  const std::string own = FirstValue(next.headers, "Referer");
  return own.empty() ? FormatUrlWithoutUser(last.url) : own;
}

}  // namespace

Result<HttpGet> BuildProbeRequest(const protocol::HttpRequest& spec,
                                  const std::string& address,
                                  int port) {
  Url url;
  if (const auto parsed = ParseUrl(spec.path)) {
    url = *parsed;
  } else {
    url.path = spec.path;  // kubelet passes on what it can't parse.
  }
  url.scheme = spec.scheme.empty() ? "http" : LowerCase(spec.scheme);
  url.host = JoinHostPort(spec.host.empty() ? address : spec.host, std::to_string(port));
  // kubelet formats the URL and parses it again.
  const auto parsed = ParseUrl(FormatUrl(url));
  if (!parsed) {
    return parsed.error();
  }
  HttpGet request{*parsed, "", ProbeHeaders(spec)};
  request.host = FirstValue(request.headers, "Host");
  return request;
}

Result<std::string> SerializeHttp1(const HttpGet& request) {
  HttpHeaders headers = HeadersToSend(request);
  if (auto valid = CheckHeaders(headers); !valid) {
    return valid.error();
  }
  if (request.url.host.empty()) {
    return Error{"http: no Host in request URL"};
  }
  std::string text = "GET " + RequestUri(request.url) + " HTTP/1.1\r\n";
  text += HeaderLine("Host", HostHeader(request));
  if (const std::string agent = FirstValue(headers, "User-Agent"); !agent.empty()) {
    text += HeaderLine("User-Agent", agent);
  }
  for (const char* own : {"Host", "User-Agent", "Content-Length", "Transfer-Encoding", "Trailer"}) {
    headers.erase(own);  // Go writes these itself or, for want of a body, not at all.
  }
  for (const auto& [name, values] : headers) {
    for (const std::string& value : values) {
      text += HeaderLine(name, value);
    }
  }
  if (!HasToken(headers, "Connection", "close") && !AsksForProtocolSwitch(headers)) {
    text += HeaderLine("Connection", "close");
  }
  return text + "\r\n";
}

Result<Http2Fields> Http2RequestFields(const HttpGet& request) {
  HttpHeaders headers = HeadersToSend(request);
  if (auto valid = CheckConnectionHeaders(headers); !valid) {
    return valid.error();
  }
  const std::string host = AsciiHostPort(request.host.empty() ? request.url.host : request.host);
  if (!IsValidHost(host)) {
    return Error{"http2: invalid Host header"};
  }
  Http2Fields fields{{":authority", host},
                     {":method", "GET"},
                     {":path", RequestUri(request.url)},
                     {":scheme", request.url.scheme}};
  const std::string agent = FirstValue(headers, "User-Agent");
  for (const char* own : {"Host",
                          "Content-Length",
                          "Connection",
                          "Proxy-Connection",
                          "Transfer-Encoding",
                          "Upgrade",
                          "Keep-Alive",
                          "User-Agent"}) {
    headers.erase(own);
  }
  AddRegularFields(headers, fields);
  if (!agent.empty()) {
    fields.push_back({"user-agent", agent});
  }
  return fields;
}

bool IsRedirect(int status) {
  return (status >= 301 && status <= 303) || status == 307 || status == 308;
}

Result<HttpGet> FollowRedirect(const HttpGet& first,
                               const HttpGet& last,
                               const std::string& location) {
  const auto reference = ParseUrl(location);
  if (!reference) {
    return Error{"failed to parse Location header " + GoQuote(location) + ": " +
                 reference.error().message};
  }
  HttpGet next{ResolveReference(last.url, *reference), "", first.headers};
  // A Host of the pod's spec survives only a relative Location.
  if (!last.host.empty() && last.host != last.url.host && reference->scheme.empty()) {
    next.host = last.host;
  }
  if (const std::string referer = Referer(last, next); !referer.empty()) {
    next.headers["Referer"] = {referer};
  }
  return next;
}

}  // namespace netcheck::probe
