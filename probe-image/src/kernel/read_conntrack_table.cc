#include <utility>

#include "kernel/counters.h"
#include "kernel/procfs_text.h"
#include "kernel/sysctls.h"
#include "kernel/tables.h"
#include "sys/file_reader.h"

namespace netcheck::probe {
namespace {

using protocol::Error;
using protocol::Fact;
using protocol::Result;

Result<std::int64_t> ReadNumber(const std::string& name, const std::string& proc_root) {
  const auto text = ReadSysctl(name, proc_root);
  if (!text) {
    return text.error();
  }
  const auto number = ParseDecimal(*text);
  if (!number) {
    return Error{"not a number: " + text->substr(0, 40), 0};
  }
  return *number;
}

}  // namespace

std::vector<Fact> ReadConntrackTable(const SnapshotLabel& label, const std::string& proc_root) {
  const auto count = ReadNumber("net.netfilter.nf_conntrack_count", proc_root);
  const auto max = ReadNumber("net.netfilter.nf_conntrack_max", proc_root);
  if (!count || !max) {
    return {label.Missing("conntrack", count ? max.error() : count.error())};
  }
  std::vector<Fact> facts;
  protocol::ConntrackTable table;
  table.moment = label.moment;
  table.where = label.where;
  table.count = *count;
  table.max = *max;
  const auto buckets = ReadNumber("net.netfilter.nf_conntrack_buckets", proc_root);
  if (buckets) {
    table.buckets = *buckets;
  } else {
    facts.emplace_back(label.Missing("conntrack.buckets", buckets.error()));
  }
  const auto text = ReadFile(proc_root + "/net/stat/nf_conntrack");
  auto stats = text ? ParsePerCpuTable(*text) : text.error();
  if (stats) {
    table.stats = std::move(stats.value());
  } else {
    facts.emplace_back(label.Missing("conntrack.stats", stats.error()));
  }
  facts.emplace(facts.begin(), std::move(table));
  return facts;
}

}  // namespace netcheck::probe
