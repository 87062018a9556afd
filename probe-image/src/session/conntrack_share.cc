#include "session/conntrack_share.h"

#include <algorithm>
#include <utility>

namespace netcheck::probe {

ConntrackShare::ConntrackShare(int percent, ReadFree read_free)
    : read_free_(std::move(read_free)), free_at_start_(read_free_()) {
  const std::int64_t free = free_at_start_.value_or(0);
  share_ = std::max(free * percent / 100, std::min(free, kFew));
}

std::optional<std::int64_t> ConntrackShare::Room() const {
  if (!free_at_start_) {
    return std::nullopt;
  }
  const std::int64_t free = read_free_().value_or(*free_at_start_);
  if (free == 0) {
    return kFew;
  }
  const std::int64_t used = *free_at_start_ - free;
  return std::max<std::int64_t>(share_ - std::max<std::int64_t>(used, 0), 0);
}

}  // namespace netcheck::probe
