#include <array>
#include <utility>

#include "kernel/counters.h"
#include "kernel/tables.h"
#include "sys/file_reader.h"

namespace netcheck::probe {
namespace {

using protocol::Fact;

struct CounterFile {
  const char* path;  ///< Below /proc/net.
  protocol::Result<CounterMap> (*parse)(std::string_view text);
  const char* group;  ///< For files whose names have none.
};

constexpr std::array<CounterFile, 6> kFiles = {{
    {"netstat", ParseCounterPairs, nullptr},
    {"snmp", ParseCounterPairs, nullptr},
    {"snmp6", ParseSnmp6, nullptr},
    {"softnet_stat", ParseSoftnetStat, "softnet"},
    {"stat/arp_cache", ParsePerCpuTable, "arp_cache"},
    {"stat/ndisc_cache", ParsePerCpuTable, "ndisc_cache"},
}};

bool IsRelevant(std::string_view name) {
  return !name.starts_with("MPTcpExt.") && !name.starts_with("UdpLite");
}

}  // namespace

std::vector<Fact> ReadCounters(const SnapshotLabel& label, const std::string& proc_root) {
  std::vector<Fact> facts;
  protocol::Counters counters{label.moment, label.where, {}};
  for (const auto& file : kFiles) {
    const auto text = ReadFile(proc_root + "/net/" + file.path);
    const auto parsed = text ? file.parse(*text) : text.error();
    if (!parsed) {
      facts.emplace_back(label.Missing(std::string("counters ") + file.path, parsed.error()));
      continue;
    }
    const std::string prefix = file.group == nullptr ? "" : std::string(file.group) + ".";
    for (const auto& [name, value] : *parsed) {
      if (IsRelevant(name)) {
        counters.values.emplace(prefix + name, value);
      }
    }
  }
  if (!counters.values.empty()) {
    facts.emplace(facts.begin(), std::move(counters));
  }
  return facts;
}

}  // namespace netcheck::probe
