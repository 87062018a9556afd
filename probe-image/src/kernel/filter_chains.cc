#include "kernel/filter_chains.h"

#include <algorithm>
#include <utility>

namespace netcheck::probe {
namespace {

/// Chains of one table that are reported one by one.
constexpr std::size_t kMaxChains = 200;
/// Of the names that one chain lists: the whole must fit into a line.
constexpr std::size_t kMaxNameBytes = 1500;
/// Sums of counters stay below any overflow.
constexpr std::uint64_t kMostPackets = std::uint64_t{1} << 62U;

/// KUBE-SVC-<16 characters> and the like, one a Service or endpoint
/// (pkg/proxy/iptables/proxier.go).
bool IsServiceChain(std::string_view name) {
  constexpr std::string_view kPrefixes[] = {"SVC-", "SVL-", "SEP-", "EXT-", "XLB-", "FW-"};
  return name.starts_with("KUBE-") &&
         std::any_of(std::begin(kPrefixes), std::end(kPrefixes), [&](std::string_view prefix) {
           return name.substr(5).starts_with(prefix);
         });
}

void AddName(std::string& names, char mark, std::string_view name) {
  const std::string word = std::string(" ") + mark + std::string(name);
  if (name.empty() || name.find(' ') != std::string_view::npos || IsServiceChain(name) ||
      names.size() + word.size() > kMaxNameBytes ||
      (names + " ").find(word + " ") != std::string::npos) {
    return;
  }
  names += word;
}

}  // namespace

void AddRule(ChainTally& chain,
             std::uint64_t packets,
             std::string_view jump,
             std::string_view target) {
  ++chain.rules;
  chain.packets = std::min(kMostPackets, chain.packets + std::min(kMostPackets, packets));
  AddName(chain.names, '>', jump);
  AddName(chain.names, '+', target);
}

void TableTally::Add(ChainTally chain) {
  const bool kube = chain.name.starts_with("KUBE-");
  is_kube = is_kube || kube;
  if (IsServiceChain(chain.name)) {
    ++fact.service_chains;
  } else if ((kube || chain.head != "- -") && chains.size() < kMaxChains) {
    chains.push_back(std::move(chain));
  } else {
    ++fact.other_chains;
  }
}

ChainTally* TableTally::Find(std::string_view name) {
  for (std::size_t tried = 0; tried < chains.size(); ++tried) {
    const std::size_t at = (last_ + tried) % chains.size();
    if (chains[at].name == name) {
      last_ = at;
      return &chains[at];
    }
  }
  return nullptr;
}

protocol::FilterTable TableTally::Finish() {
  for (const ChainTally& chain : chains) {
    fact.chains[chain.name] = chain.head + " " + std::to_string(chain.rules) + " " +
                              std::to_string(chain.packets) + chain.names;
  }
  return std::move(fact);
}

}  // namespace netcheck::probe
