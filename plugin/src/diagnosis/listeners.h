#pragma once

#include <optional>
#include <string>
#include <vector>

#include "diagnosis/digest.h"

namespace netcheck::diagnosis {

/// The sockets of the target's namespace that listened for connections to that address and port;
/// several may share it (SO_REUSEPORT). nullopt: the listeners were not listed at that moment.
std::optional<std::vector<protocol::Listener>> ListenersOf(const Digest& digest,
                                                           const std::string& address,
                                                           int port,
                                                           protocol::Moment moment);

}  // namespace netcheck::diagnosis
