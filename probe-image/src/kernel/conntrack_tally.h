#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "kernel/conntrack_message.h"
#include "protocol/facts.h"

namespace netcheck::probe {

/// Counts the entries of a connection tracking table by the addresses that hold them. Pure; its
/// memory is bounded whatever the table holds (about 25 MiB).
class ConntrackTally {
 public:
  /// Different addresses, and different pairs of an address and a destination, that are counted.
  static constexpr std::size_t kMaxAddresses = 65536;
  static constexpr std::size_t kMaxDestinations = 65536;
  /// Of the addresses those with most entries are told, and of each this many destinations.
  static constexpr std::size_t kHolders = 20;
  static constexpr std::size_t kDestinations = 3;

  void Add(const ConntrackFlow& flow);
  /// The whole table first, then the holders, those with most entries first. Without moment, where,
  /// cut_off and took_us.
  [[nodiscard]] std::vector<protocol::ConntrackUsage> Summary() const;

 private:
  /// An address as a number that compares fast; IPv4 as an IPv4-mapped one (RFC 4291 §2.5.5.2).
  struct Key {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    // clang-tidy 14 takes the comparison with 0 for one with a pointer.
    auto operator<=>(const Key&) const = default;  // NOLINT(modernize-use-nullptr)
  };
  struct Destination {
    Key holder;
    Key address;
    int port = 0;
    auto operator<=>(const Destination&) const = default;  // NOLINT(modernize-use-nullptr)
  };
  /// IPPROTO_* << 8 | TCP state + 1, or 0 for none.
  using States = std::map<std::uint16_t, std::int64_t>;
  struct Counts {
    std::int64_t opened = 0;
    std::int64_t accepted = 0;
    std::int64_t assured = 0;
    std::int64_t unreplied = 0;
    States states;
  };

  static Key KeyOf(const IpAddress& address);
  static IpAddress AddressOf(const Key& key);
  static void Count(const ConntrackFlow& flow, Counts& counts);
  static protocol::ConntrackUsage UsageOf(const Counts& counts);
  /// nullptr: it is not among those that are counted.
  Counts* Find(const Key& address);
  void CountDestination(const Destination& destination);
  void AddDestinations(const Key& holder, std::map<std::string, std::int64_t>& names) const;

  std::int64_t uncounted_ = 0;
  Counts all_;
  std::map<Key, Counts> holders_;
  std::map<Destination, std::int64_t> destinations_;
};

}  // namespace netcheck::probe
