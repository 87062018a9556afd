#pragma once

#include <cstddef>

#include "checks/buffered_reader.h"
#include "checks/http_response.h"

namespace netcheck::probe {

enum class BodyFraming { kNone, kLength, kChunked, kUntilClose, kSwitched };

struct Http1Head {
  HttpResponse response;  ///< Without the body; of the headers, those that ReadMimeHeader() keeps.
  BodyFraming framing = BodyFraming::kNone;
  ReadError error;
};

/// Reads the head of the response to a GET; informational ones before it are skipped, except 101
/// (src/net/http/transport.go, persistConn.readResponse).
Http1Head ReadHttp1Head(BufferedReader& reader);

}  // namespace netcheck::probe
