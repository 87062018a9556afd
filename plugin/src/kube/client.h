#pragma once

#include <functional>
#include <memory>

#include "kube/api.h"
#include "kube/connection.h"
#include "os/os.h"
#include "protocol/result.h"

namespace netcheck::kube {

/// An Api over HTTP/1.1 with kept-alive connections; it must be used by one thread. Nothing is sent
/// before the first request. An error means that the connection can't be used by anyone: a
/// certificate that is none, a token that can't stand in a header. `interrupted` is asked several
/// times a second during calls.
protocol::Result<std::unique_ptr<Api>> Connect(const Connection& connection,
                                               std::function<int()> interrupted = os::Interrupted);

}  // namespace netcheck::kube
