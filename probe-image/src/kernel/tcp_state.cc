#include "kernel/tcp_state.h"

#include <array>

namespace netcheck::probe {

const char* TcpStateName(std::uint8_t state) {
  static constexpr std::array kNames = {"",
                                        "ESTABLISHED",
                                        "SYN_SENT",
                                        "SYN_RECV",
                                        "FIN_WAIT1",
                                        "FIN_WAIT2",
                                        "TIME_WAIT",
                                        "CLOSE",
                                        "CLOSE_WAIT",
                                        "LAST_ACK",
                                        "LISTEN",
                                        "CLOSING",
                                        "NEW_SYN_RECV"};
  return state < kNames.size() ? kNames[state] : "";
}

}  // namespace netcheck::probe
