#pragma once

#include <cstdint>

namespace netcheck::probe {

/// The states of include/net/tcp_states.h: "SYN_SENT" ...; "" for 0 and beyond them.
const char* TcpStateName(std::uint8_t state);

}  // namespace netcheck::probe
