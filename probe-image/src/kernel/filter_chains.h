#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/facts.h"

// What the two readers of packet filter rules have in common. Pure.
namespace netcheck::probe {

/// A chain while its rules are being read.
struct ChainTally {
  std::string name;
  std::string head = "- -";  ///< Hook and policy, as in protocol::FilterChain's text.
  int rules = 0;
  std::uint64_t packets = 0;
  std::string names;  ///< " >CHAIN" and " +TARGET", each once.
};

/// A table while it is being read.
struct TableTally {
  protocol::FilterTable fact;
  std::vector<ChainTally> chains;
  bool is_kube = false;  ///< One of its chains is Kubernetes's.

  /// Adds the chain to those that are reported one by one, or counts it. Chains that are only
  /// jumped to are those with the head "- -".
  void Add(ChainTally chain);
  /// The chain of that name if it is reported, else nullptr.
  ChainTally* Find(std::string_view name);
  protocol::FilterTable Finish();

 private:
  std::size_t last_ = 0;  ///< Rules of one chain follow each other.
};

/// Counts a rule with its counter, the chain that it jumps to, and its target; "": none.
void AddRule(ChainTally& chain,
             std::uint64_t packets,
             std::string_view jump,
             std::string_view target);

}  // namespace netcheck::probe
