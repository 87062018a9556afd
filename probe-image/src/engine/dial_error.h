#pragma once

#include <string>

#include "engine/address.h"

// Failed dials in the words of kubelet, that is of Go's net package (net.OpError,
// src/net/net.go; syscall error texts, src/syscall/zerrors_linux_amd64.go).
namespace netcheck::probe {

/// "connection refused", "no route to host": Go's text for an errno; "errno 999" for one that this
/// table lacks.
std::string GoErrnoText(int error_number);

/// `result` is that of a handshake: an errno, or protocol::kResultDeadline.
/// "dial tcp 10.0.0.5:8080: connect: connection refused", "dial tcp [fd00::5]:8080: i/o timeout".
/// "" for 0 and for protocol::kResultNotTried.
std::string DialErrorText(const Endpoint& target, int result);

/// A dial that failed before connect(): `call` is "socket" or "bind".
/// "dial tcp 10.0.0.5:8080: socket: too many open files".
std::string DialErrorText(const Endpoint& target, const char* call, int error_number);

}  // namespace netcheck::probe
