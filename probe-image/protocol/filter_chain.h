#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/facts.h"

namespace netcheck::protocol {

/// A chain of a packet filter's table. Of the rules themselves nothing else is reported.
struct FilterChain {
  std::string name;
  /// Of a base chain: "prerouting", "input", "forward", "output", "postrouting", "ingress" ...
  /// (enum nf_inet_hooks, nf_dev_hooks); "" for one that is only jumped to.
  std::string hook;
  std::string policy;  ///< Of a base chain: "accept" or "drop".
  std::int64_t rules = 0;
  std::int64_t packets = 0;  ///< Sum over the counters of its rules.
  /// Chains that its rules jump or go to, and what else they do with a packet, each once, but for
  /// the chains of single Services: "KUBE-MARK-MASQ"; "MASQUERADE", "DNAT", "MARK" (names of
  /// xtables targets).
  std::vector<std::string> jumps;
  std::vector<std::string> targets;
};

/// Of a value of FilterTable::chains: hook and policy, "-" for none, the numbers of rules and
/// packets, then `>CHAIN` for each jump and `+TARGET` for each target, with blanks between them:
/// "output accept 2 17 >KUBE-SERVICES". nullopt: it is not of that form.
std::optional<FilterChain> ParseFilterChain(const std::string& name, std::string_view text);

/// The chain of that name; nullopt: there is none.
std::optional<FilterChain> FindChain(const FilterTable& table, const std::string& name);

}  // namespace netcheck::protocol
