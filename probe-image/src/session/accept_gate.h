#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "protocol/facts.h"

// How fast a target can be given connections without filling its accept queue, in which each one
// stays until accept(), closed or not (net/ipv4/inet_connection_sock.c).
namespace netcheck::probe {

/// Connections that fit into the queue of the listener that a connection to `address`:`port`
/// reaches until it is half full; negative beyond that. Of several listeners the smallest number.
/// nullopt: there is none. Pure.
std::optional<std::int64_t> AcceptRoom(const std::vector<protocol::Listener>& listeners,
                                       const std::string& address,
                                       int port);

/// Tells a target that is slow to accept from one that doesn't.
class AcceptGate {
 public:
  using Clock = std::chrono::steady_clock;
  /// As AcceptRoom; nullopt: not known.
  using ReadRoom = std::function<std::optional<std::int64_t>()>;

  /// A queue that has been over half full for this long without getting shorter is stuck.
  static constexpr std::chrono::milliseconds kPatience{1000};

  explicit AcceptGate(ReadRoom read_room);

  struct Answer {
    std::optional<std::size_t> room;  ///< For so many connections now; nullopt: any number.
    bool stuck = false;               ///< There is none, and waiting does not help.
  };

  Answer Ask(Clock::time_point now);

 private:
  ReadRoom read_room_;
  std::optional<std::int64_t> most_room_;  ///< Since the queue became over half full.
  Clock::time_point since_;                ///< When that much was seen first.
};

}  // namespace netcheck::probe
