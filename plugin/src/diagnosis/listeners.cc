#include "diagnosis/listeners.h"

namespace netcheck::diagnosis {

std::optional<std::vector<protocol::Listener>> ListenersOf(const Digest& digest,
                                                           const std::string& address,
                                                           int port,
                                                           protocol::Moment moment) {
  auto listeners = protocol::FindListeners(digest.report(), digest.target_namespace(), moment);
  if (listeners) {
    std::erase_if(*listeners, [&](const protocol::Listener& listener) {
      return !protocol::Accepts(listener, address, port);
    });
  }
  return listeners;
}

std::optional<std::int64_t> ListenerDrops(const Digest& digest,
                                          const std::string& address,
                                          int port) {
  const auto drops_at = [&](protocol::Moment moment) -> std::optional<std::int64_t> {
    const auto listeners = ListenersOf(digest, address, port, moment);
    if (!listeners || listeners->empty()) {
      return std::nullopt;
    }
    std::int64_t sum = 0;
    for (const protocol::Listener& listener : *listeners) {
      if (!listener.drops) {
        return std::nullopt;
      }
      sum += *listener.drops;
    }
    return sum;
  };
  const auto before = drops_at(protocol::Moment::kBefore);
  const auto after = drops_at(protocol::Moment::kAfter);
  // Fewer than before: it is another socket.
  return before && after && *after >= *before ? std::optional(*after - *before) : std::nullopt;
}

}  // namespace netcheck::diagnosis
