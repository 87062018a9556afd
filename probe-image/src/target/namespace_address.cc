#include "target/namespace_address.h"

#include <optional>

#include "kernel/procfs_text.h"

namespace netcheck::probe {

std::vector<IpAddress> ParseFibTrieLocals(std::string_view text) {
  std::vector<IpAddress> addresses;
  std::optional<IpAddress> leaf;
  for (const auto line : SplitLines(text)) {
    const auto words = SplitWords(line);
    if (words.size() == 2 && words[0] == "|--") {
      leaf = ParseIpAddress(words[1]);
    } else if (leaf && words.size() >= 3 && words[0] == "/32" && words[1] == "host" &&
               words[2] == "LOCAL") {
      addresses.push_back(*leaf);
      leaf.reset();  // The same leaf is listed in the tables main and local.
    }
  }
  return addresses;
}

std::vector<IpAddress> ParseIfInet6(std::string_view text) {
  std::vector<IpAddress> addresses;
  for (const auto line : SplitLines(text)) {
    const auto words = SplitWords(line);
    const auto address = words.size() == 6 ? ParseNetworkOrderHex(words[0]) : std::nullopt;
    if (address) {
      addresses.push_back(*address);
    }
  }
  return addresses;
}

}  // namespace netcheck::probe
