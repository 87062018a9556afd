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

/// How many segments those sockets dropped while the batches and checks ran; nullopt if none was
/// there both times, or this kernel does not count them.
std::optional<std::int64_t> ListenerDrops(const Digest& digest,
                                          const std::string& address,
                                          int port);

}  // namespace netcheck::diagnosis
