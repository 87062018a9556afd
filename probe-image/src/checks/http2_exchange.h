#pragma once

#include "checks/byte_stream.h"
#include "checks/http2_fields.h"
#include "checks/http_exchange.h"

namespace netcheck::probe {

/// Sends a request and reads the response, HTTP/2 (golang.org/x/net/http2/transport.go, as
/// kubelet's HTTP transport uses it). Of `options`, the request's text is not looked at.
ExchangeResult ExchangeHttp2(ByteStream& stream,
                             const Http2Fields& request,
                             const ExchangeOptions& options,
                             const Patience& patience);

}  // namespace netcheck::probe
