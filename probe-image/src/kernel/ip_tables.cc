#include "kernel/ip_tables.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace netcheck::probe {
namespace {

/// Where the parts of `struct ipt_entry` and `struct ip6t_entry` are. Both end with their counters.
struct Layout {
  std::size_t target_offset;  ///< u16; next_offset (u16) follows.
  std::size_t packets;        ///< u64 `counters.pcnt`
  std::size_t size;
};
constexpr Layout kIpv4{88, 96, 112};
constexpr Layout kIpv6{140, 152, 168};

/// `struct xt_entry_target`: u16 size, name of 29 bytes, revision. Behind it the verdict of the
/// standard target (name ""), or the chain's name of the target "ERROR".
constexpr std::size_t kTargetName = 2;
constexpr std::size_t kTargetNameBytes = 29;
constexpr std::size_t kTargetSize = 32;
constexpr std::size_t kChainNameBytes = 30;
constexpr std::int32_t kDropVerdict = -1;    ///< -NF_DROP - 1
constexpr std::int32_t kReturnVerdict = -5;  ///< XT_RETURN

constexpr int kHooks = 5;
constexpr const char* kBaseChains[] = {"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"};
constexpr const char* kHookNames[] = {"prerouting", "input", "forward", "output", "postrouting"};

struct Entry {
  std::size_t offset = 0;
  std::size_t next = 0;
  std::uint64_t packets = 0;
  std::string_view target;
  std::int32_t verdict = 0;  ///< Of the standard target.
  std::string_view chain;    ///< Of the target "ERROR": the chain that begins behind it.
};

std::string_view Text(Bytes bytes, std::size_t at, std::size_t most) {
  const std::string_view field(reinterpret_cast<const char*>(bytes.data()) + at, most);
  return field.substr(0, field.find('\0'));
}

/// Its strings point into `entries`.
std::optional<Entry> ReadEntry(Bytes entries, std::size_t at, const Layout& layout) {
  const Bytes rest = entries.subspan(at);
  if (rest.size() < layout.size) {
    return std::nullopt;
  }
  const std::size_t target = *ReadStruct<std::uint16_t>(rest.subspan(layout.target_offset));
  const std::size_t next = *ReadStruct<std::uint16_t>(rest.subspan(layout.target_offset + 2));
  if (target < layout.size || next > rest.size() || next < target + kTargetSize) {
    return std::nullopt;
  }
  const Bytes what = rest.subspan(target, next - target);
  Entry entry{at,
              at + next,
              *ReadStruct<std::uint64_t>(rest.subspan(layout.packets)),
              Text(what, kTargetName, kTargetNameBytes),
              0,
              {}};
  if (entry.target.empty() && what.size() >= kTargetSize + sizeof entry.verdict) {
    entry.verdict = *ReadStruct<std::int32_t>(what.subspan(kTargetSize));
  } else if (entry.target == "ERROR" && what.size() >= kTargetSize + kChainNameBytes) {
    entry.chain = Text(what, kTargetSize, kChainNameBytes);
  } else if (entry.target.empty() || entry.target == "ERROR") {
    return std::nullopt;
  }
  return entry;
}

/// The user's chain whose first entry is at `offset`, in entries sorted by their offsets; "": none.
std::string_view ChainAt(const std::vector<Entry>& heads, std::int64_t offset) {
  const auto head = std::lower_bound(
      heads.begin(), heads.end(), offset, [](const Entry& entry, std::int64_t wanted) {
        return static_cast<std::int64_t>(entry.next) < wanted;
      });
  return head != heads.end() && static_cast<std::int64_t>(head->next) == offset
             ? head->chain
             : std::string_view();
}

/// The hook whose base chain begins at the entry; -1: none.
int HookAt(const IpTablesInfo& info, std::size_t offset) {
  for (int hook = 0; hook < kHooks; ++hook) {
    if ((info.valid_hooks >> static_cast<unsigned>(hook) & 1U) != 0 &&
        info.hook_entry[hook] == offset) {
      return hook;
    }
  }
  return -1;
}

}  // namespace

bool DecodeIpTables(const IpTablesInfo& info, Bytes bytes, bool ipv6, TableTally& table) {
  std::vector<Entry> entries;
  std::vector<Entry> heads;  // Entries that chains of users begin behind.
  for (std::size_t at = 0; at < bytes.size(); at = entries.back().next) {
    const auto entry = ReadEntry(bytes, at, ipv6 ? kIpv6 : kIpv4);
    if (!entry) {
      return false;
    }
    entries.push_back(*entry);
    if (!entry->chain.empty()) {
      heads.push_back(*entry);
    }
  }
  ChainTally chain;
  std::size_t policy_at = bytes.size();
  const auto begin = [&](std::string_view name) {
    if (!chain.name.empty()) {
      table.Add(std::exchange(chain, {}));
    }
    chain.name = name;
    policy_at = bytes.size();
  };
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Entry& entry = entries[i];
    if (const int hook = HookAt(info, entry.offset); hook >= 0) {
      begin(kBaseChains[hook]);
      chain.head = std::string(kHookNames[hook]) + " accept";
      policy_at = info.underflow[hook];
    }
    const bool last = i + 1 < entries.size() && entries[i + 1].target == "ERROR";
    if (entry.target == "ERROR") {
      begin(entry.chain == "ERROR" ? "" : entry.chain);  // That one only ends the table.
    } else if (entry.offset == policy_at) {
      chain.head = chain.head.substr(0, chain.head.find(' ')) +
                   (entry.verdict == kDropVerdict ? " drop" : " accept");
    } else if (!last || entry.verdict != kReturnVerdict || !entry.target.empty()) {
      // The return at the end of a user's chain is no rule. A rule without a target "jumps" to the
      // entry behind it, where no chain begins.
      AddRule(chain,
              entry.packets,
              entry.target.empty() ? ChainAt(heads, entry.verdict) : std::string_view(),
              entry.target);
    }
  }
  begin("");
  return true;
}

}  // namespace netcheck::probe
