#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "kernel/filter_chains.h"
#include "kernel/kernel_modules.h"
#include "kernel/netlink_socket.h"
#include "kernel/nf_tables.h"
#include "kernel/tables.h"

namespace netcheck::probe {
namespace {

using protocol::Error;
using protocol::Fact;
using protocol::Result;

constexpr std::size_t kMaxTables = 200;
constexpr int kTries = 3;

/// The rules of nf_tables as they were at one instant, or why they could not be read.
class Reader {
 public:
  explicit Reader(UniqueFd socket) : socket_(std::move(socket)) {}

  Result<void> Read() {
    tables_.clear();
    auto asked = Ask(NFT_MSG_GETTABLE, 0, "");
    if (asked.ok()) {
      asked = Ask(NFT_MSG_GETCHAIN, 0, "");
    }
    for (std::size_t i = 0; asked.ok() && i < tables_.size(); ++i) {
      if (tables_[i].tally.is_kube) {
        asked = Ask(NFT_MSG_GETRULE, tables_[i].family, tables_[i].tally.fact.name);
      }
    }
    return asked;
  }

  std::vector<Fact> Take(const SnapshotLabel& label) {
    std::vector<Fact> facts;
    for (Table& table : tables_) {
      auto fact = table.tally.Finish();
      fact.moment = label.moment;
      fact.where = label.where;
      fact.backend = "nft";
      fact.family = FilterFamilyName(table.family);
      facts.emplace_back(std::move(fact));
    }
    return facts;
  }

 private:
  struct Table {
    int family = 0;
    TableTally tally;
  };

  Result<void> Ask(std::uint8_t message, int family, const std::string& table) {
    ++sequence_;
    Error problem;
    auto asked = QueryNetlink(socket_,
                              EncodeNfDump(message, family, table, sequence_),
                              sequence_,
                              /*dump=*/true,
                              [&](const NetlinkMessage& answer) {
                                if ((answer.flags & NLM_F_DUMP_INTR) != 0) {
                                  problem = {"the rules changed while they were being read", EINTR};
                                } else if (!Fold(answer)) {
                                  problem = {"malformed answer of nf_tables", 0};
                                }
                              });
    if (asked.ok() && !problem.message.empty()) {
      return problem;
    }
    return asked;
  }

  /// false: malformed.
  bool Fold(const NetlinkMessage& message) {
    auto object = DecodeNfObject(message.type, message.payload);
    if (!object) {
      return false;
    }
    const auto table = std::find_if(tables_.begin(), tables_.end(), [&](const Table& t) {
      return t.family == object->family && t.tally.fact.name == object->table;
    });
    if (object->chain.empty()) {
      if (tables_.size() < kMaxTables) {
        Table made{object->family, {}};
        made.tally.fact.name = std::move(object->table);
        tables_.push_back(std::move(made));
      }
    } else if (table == tables_.end()) {
      return true;  // Of a table beyond the limit.
    } else if ((message.type & 0xffU) == NFT_MSG_NEWCHAIN) {
      ChainTally chain;
      chain.name = std::move(object->chain);
      chain.head = std::move(object->head);
      table->tally.Add(std::move(chain));
    } else if (ChainTally* chain = table->tally.Find(object->chain)) {
      AddRule(*chain, object->packets, object->jump, object->target);
    }
    return true;
  }

  UniqueFd socket_;
  std::uint32_t sequence_ = 0;
  std::vector<Table> tables_;
};

Result<UniqueFd> OpenIfPresent(const std::string& proc_root) {
  // The first opens NETLINK_NETFILTER, the second answers for its sub-system 10.
  for (const char* module : {"nfnetlink", "nf_tables"}) {
    if (!ModuleIsPresent(module, proc_root)) {
      return Error{std::string("module ") + module + " is not loaded", ENOENT};
    }
  }
  return OpenNetlink(NETLINK_NETFILTER);
}

}  // namespace

std::vector<Fact> ReadNfTables(const SnapshotLabel& label, const std::string& proc_root) {
  auto socket = OpenIfPresent(proc_root);
  if (!socket) {
    return {label.Missing("nftables", socket.error())};
  }
  Reader reader(std::move(*socket));
  for (int tries = 1;; ++tries) {
    const auto read = reader.Read();
    if (read.ok()) {
      return reader.Take(label);
    }
    if (read.error().error_number != EINTR || tries == kTries) {
      return {label.Missing("nftables", read.error())};
    }
  }
}

}  // namespace netcheck::probe
