#pragma once

#include <cstdint>
#include <functional>
#include <optional>

namespace netcheck::probe {

/// How much of the node's connection tracking table the probe's connections may fill. Their entries
/// outlive them (10 s after a reset, 2 minutes after a FIN or without any answer), so the table is
/// looked at again rather than reckoned: what it lost since the start is taken to be the probe's.
/// A few connections may be made in any case: with a full table they show what becomes of
/// connections, and take no entry, since the kernel drops their SYN.
class ConntrackShare {
 public:
  static constexpr std::int64_t kFew = 10;

  /// Free entries of the table now; nullopt: there is no such table, hence no limit.
  using ReadFree = std::function<std::optional<std::int64_t>()>;

  /// `percent` of the entries that are free now, but not less than a few of them.
  ConntrackShare(int percent, ReadFree read_free);

  /// How many connections may be made now; nullopt: any number.
  [[nodiscard]] std::optional<std::int64_t> Room() const;

 private:
  ReadFree read_free_;
  std::optional<std::int64_t> free_at_start_;
  std::int64_t share_ = 0;
};

}  // namespace netcheck::probe
