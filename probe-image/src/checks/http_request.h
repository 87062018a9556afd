#pragma once

#include <string>

#include "checks/http2_fields.h"
#include "checks/http_header.h"
#include "checks/url.h"
#include "protocol/plan.h"
#include "protocol/result.h"

// The GET request of an HTTP probe (pkg/probe/http/request.go) and what follows a redirect
// (src/net/http/client.go). Pure.
namespace netcheck::probe {

struct HttpGet {
  Url url;
  std::string host;  ///< Of the Host header; "": that of the URL.
  HttpHeaders headers;
};

/// The first request of a probe of `address`:`port`. Fails, in Go's words, where the URL that
/// kubelet would form is none.
protocol::Result<HttpGet> BuildProbeRequest(const protocol::HttpRequest& spec,
                                            const std::string& address,
                                            int port);

/// What goes over the wire: HTTP/1.1 with "Connection: close", because kubelet keeps nothing alive.
/// Fails on header names and values that Go refuses to send.
protocol::Result<std::string> SerializeHttp1(const HttpGet& request);

/// The same request's header list for HTTP/2, in Go's order
/// (golang.org/x/net/internal/httpcommon/request.go, EncodeHeaders). Fails on fields that mean
/// something to an HTTP/1 connection only, and on a host that is none.
protocol::Result<Http2Fields> Http2RequestFields(const HttpGet& request);

/// Whether Go follows a response of that status: 301, 302, 303, 307, 308.
bool IsRedirect(int status);

/// The request that follows `location`, received as the answer to `last`.
/// Fails on a Location that is no URL.
protocol::Result<HttpGet> FollowRedirect(const HttpGet& first,
                                         const HttpGet& last,
                                         const std::string& location);

}  // namespace netcheck::probe
