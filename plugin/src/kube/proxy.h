#pragma once

#include <functional>
#include <optional>
#include <string>

#include "kube/url.h"

namespace netcheck::kube {

/// The proxy that Go's net/http takes for `server` from HTTPS_PROXY or HTTP_PROXY and NO_PROXY
/// (golang.org/x/net/http/httpproxy), upper case before lower case; "" where none. Loopback
/// addresses are always reached directly.
std::string ProxyFromEnvironment(
    const Url& server,
    const std::function<std::optional<std::string>(const std::string&)>& variable);

/// Whether `text` is a proxy's URL with one of client-go's schemes: http, https, socks5.
bool IsProxyUrl(const std::string& text);

}  // namespace netcheck::kube
