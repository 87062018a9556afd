#include "session/conntrack_share.h"

#include <algorithm>
#include <utility>

namespace netcheck::probe {

ConntrackShare::ConntrackShare(int percent, ReadFree read_free)
    : read_free_(std::move(read_free)), free_at_start_(read_free_()) {
  share_ = free_at_start_.value_or(0) * percent / 100;
}

std::optional<std::int64_t> ConntrackShare::Room() const {
  if (!free_at_start_) {
    return std::nullopt;
  }
  const std::int64_t used = *free_at_start_ - read_free_().value_or(*free_at_start_);
  return std::max<std::int64_t>(share_ - std::max<std::int64_t>(used, 0), 0);
}

}  // namespace netcheck::probe
