#include "kernel/snapshot.h"

#include <array>
#include <iterator>
#include <utility>

#include "kernel/procfs_text.h"
#include "kernel/split_fact.h"
#include "kernel/sysctls.h"
#include "kernel/tables.h"
#include "protocol/json.h"
#include "protocol/stream.h"
#include "sys/netns.h"

namespace netcheck::probe {
namespace {

using protocol::Fact;

constexpr std::chrono::seconds kTimeout{5};

std::vector<Fact> ReadTables(const SnapshotScope& scope, const std::string& proc_root) {
  const SnapshotLabel label{scope.moment, scope.where};
  std::vector<Fact> facts;
  const auto add = [&facts](std::vector<Fact> more) {
    for (auto& fact : more) {
      auto parts = SplitFact(std::move(fact));
      std::move(parts.begin(), parts.end(), std::back_inserter(facts));
    }
  };

  add(ReadCounters(label, proc_root));
  add(ReadListeners(label, proc_root));
  add(ReadConntrackTable(label, proc_root));
  add(ReadSysctls(scope.moment, scope.where, proc_root));
  if (scope.where == protocol::Where::kNode) {
    add(ReadIpvsServices(label, proc_root));
    add(ReadIpvsConnections(label, scope.target_addresses, proc_root));
    if (scope.moment == protocol::Moment::kAfter) {
      add(ReadNeighbours(label, scope.target_addresses));
    }
  }
  if (scope.packet_filter) {
    add(ReadNfTables(label, proc_root));
    add(ReadIpTables(label, proc_root));
  }
  return facts;
}

/// Facts as lines of text, the way out of the child.
std::string ToLines(const std::vector<Fact>& facts) {
  std::string text;
  for (const auto& fact : facts) {
    text += protocol::EncodeLine(0, fact);
  }
  return text;
}

std::vector<Fact> FromLines(std::string_view text) {
  std::vector<Fact> facts;
  for (const auto line : SplitLines(text)) {
    const auto json = protocol::Json::parse(line, nullptr, /*allow_exceptions=*/false);
    auto fact = protocol::FactFromJson(json);
    if (fact && fact->has_value()) {
      facts.push_back(std::move(**fact));
    }
  }
  return facts;
}

}  // namespace

std::vector<Fact> TakeSnapshot(const SnapshotScope& scope, const std::string& proc_root) {
  if (scope.netns_fd < 0) {
    return ReadTables(scope, proc_root);
  }
  const auto text = RunInNetns(
      scope.netns_fd, [&] { return ToLines(ReadTables(scope, proc_root)); }, kTimeout);
  if (text) {
    return FromLines(*text);
  }
  const SnapshotLabel label{scope.moment, scope.where};
  std::vector<Fact> facts;
  for (const char* what : {"counters", "listeners", "conntrack", "sysctls"}) {
    facts.emplace_back(label.Missing(what, text.error()));
  }
  return facts;
}

}  // namespace netcheck::probe
