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

}  // namespace netcheck::diagnosis
