#include "kernel/counters.h"

#include <array>
#include <vector>

#include "kernel/procfs_text.h"

namespace netcheck::probe {
namespace {

using protocol::Error;
using protocol::Result;

constexpr std::string_view kEntriesColumn = "entries";

/// Adds a row of hexadecimal numbers to the sums of its columns.
bool AddRow(const std::vector<std::string_view>& names,
            const std::vector<std::string_view>& row,
            CounterMap& sums) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto value = ParseHex(row[i]);
    if (!value || *value > UINT32_MAX) {  // Printed with %08x.
      return false;
    }
    const auto [sum, is_new] = sums.try_emplace(std::string(names[i]), 0);
    if (is_new || names[i] != kEntriesColumn) {
      sum->second += static_cast<std::int64_t>(*value);
    }
  }
  return true;
}

Error Malformed(std::string_view what) {
  return {"malformed: " + std::string(what), 0};
}

}  // namespace

Result<CounterMap> ParseCounterPairs(std::string_view text) {
  CounterMap counters;
  const auto lines = SplitLines(text);
  if (lines.size() % 2 != 0) {
    return Malformed("names without values");
  }
  for (std::size_t i = 0; i < lines.size(); i += 2) {
    const auto names = SplitWords(lines[i]);
    const auto values = SplitWords(lines[i + 1]);
    if (names.empty() || names.size() != values.size() || names[0] != values[0] ||
        names[0].back() != ':') {
      return Malformed(lines[i].substr(0, 40));
    }
    const std::string group(names[0].substr(0, names[0].size() - 1));
    for (std::size_t k = 1; k < names.size(); ++k) {
      if (const auto value = ParseDecimal(values[k])) {
        counters[group + "." + std::string(names[k])] = *value;
      }
    }
  }
  return counters;
}

Result<CounterMap> ParseSnmp6(std::string_view text) {
  // Longer names first where one is the start of another.
  constexpr std::array<std::string_view, 4> kGroups = {"UdpLite6", "Icmp6", "Udp6", "Ip6"};
  CounterMap counters;
  for (const auto line : SplitLines(text)) {
    const auto words = SplitWords(line);
    if (words.size() != 2) {
      return Malformed(line.substr(0, 40));
    }
    const auto value = ParseDecimal(words[1]);
    for (const auto group : kGroups) {
      if (value && words[0].starts_with(group)) {
        counters[std::string(group) + "." + std::string(words[0].substr(group.size()))] = *value;
        break;
      }
    }
  }
  return counters;
}

Result<CounterMap> ParsePerCpuTable(std::string_view text) {
  const auto lines = SplitLines(text);
  if (lines.empty()) {
    return Malformed("no header");
  }
  const auto names = SplitWords(lines[0]);
  CounterMap sums;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const auto row = SplitWords(lines[i]);
    if (row.size() != names.size() || !AddRow(names, row, sums)) {
      return Malformed(lines[i].substr(0, 40));
    }
  }
  return sums;
}

Result<CounterMap> ParseSoftnetStat(std::string_view text) {
  const std::vector<std::string_view> names = {"processed", "dropped", "time_squeeze"};
  CounterMap sums;
  for (const auto line : SplitLines(text)) {
    const auto row = SplitWords(line);
    if (row.size() < names.size() || !AddRow(names, row, sums)) {
      return Malformed(line.substr(0, 40));
    }
  }
  return sums;
}

}  // namespace netcheck::probe
