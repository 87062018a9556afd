#include "session/accept_gate.h"

#include <algorithm>
#include <utility>

#include "session/pace.h"

namespace netcheck::probe {

std::optional<std::int64_t> AcceptRoom(const std::vector<protocol::Listener>& listeners,
                                       const std::string& address,
                                       int port) {
  std::optional<std::int64_t> least;
  for (const protocol::Listener& listener : listeners) {
    if (protocol::Accepts(listener, address, port)) {
      const std::int64_t room =
          std::int64_t{HalfOfBacklog(listener.backlog)} - std::int64_t{listener.queue};
      least = std::min(least.value_or(room), room);
    }
  }
  return least;
}

AcceptGate::AcceptGate(ReadRoom read_room) : read_room_(std::move(read_room)) {}

AcceptGate::Answer AcceptGate::Ask(Clock::time_point now) {
  const auto room = read_room_();
  if (!room || *room > 0) {
    most_room_.reset();
    return room ? Answer{static_cast<std::size_t>(*room), false} : Answer{};
  }
  if (!most_room_ || *room > *most_room_) {
    most_room_ = room;
    since_ = now;
  }
  return {0, now - since_ >= kPatience};
}

}  // namespace netcheck::probe
