#include "kube/url.h"

#include <curl/curl.h>

#include <memory>

namespace netcheck::kube {
namespace {

std::string Part(CURLU* handle, CURLUPart which, unsigned flags) {
  char* text = nullptr;
  if (curl_url_get(handle, which, &text, flags) != CURLUE_OK) {
    return {};
  }
  std::string part = text;
  curl_free(text);
  return part;
}

}  // namespace

std::string Url::Authority() const {
  const bool ipv6 = host.find(':') != std::string::npos;
  const std::string name = ipv6 ? "[" + host + "]" : host;
  return port.empty() ? name : name + ":" + port;
}

std::optional<Url> ParseUrl(const std::string& text) {
  const std::unique_ptr<CURLU, void (*)(CURLU*)> handle(curl_url(), curl_url_cleanup);
  if (curl_url_set(handle.get(), CURLUPART_URL, text.c_str(), CURLU_NON_SUPPORT_SCHEME) !=
      CURLUE_OK) {
    return std::nullopt;
  }
  Url url;
  url.scheme = Part(handle.get(), CURLUPART_SCHEME, 0);
  url.host = Part(handle.get(), CURLUPART_HOST, 0);
  url.port = Part(handle.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
  url.path = Part(handle.get(), CURLUPART_PATH, 0);
  if (url.host.size() > 2 && url.host.front() == '[') {
    url.host = url.host.substr(1, url.host.size() - 2);
  }
  url.path.erase(url.path.find_last_not_of('/') + 1);
  return url.host.empty() ? std::nullopt : std::optional(url);
}

}  // namespace netcheck::kube
