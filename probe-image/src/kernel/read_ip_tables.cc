#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "kernel/ip_tables.h"
#include "kernel/procfs_text.h"
#include "kernel/tables.h"
#include "sys/file_reader.h"
#include "sys/system_error.h"
#include "sys/unique_fd.h"

namespace netcheck::probe {
namespace {

using protocol::Fact;

constexpr int kGetInfo = 64;     ///< IPT_SO_GET_INFO, IP6T_SO_GET_INFO
constexpr int kGetEntries = 65;  ///< IPT_SO_GET_ENTRIES, IP6T_SO_GET_ENTRIES
/// Some 50,000 rules.
constexpr std::size_t kMaxTable = 16U << 20U;
constexpr int kTries = 3;

/// getsockopt(2) into `data`, which begins with the table's name and must be filled as a whole. The
/// errno, or 0.
int Ask(const UniqueFd& socket, bool ipv6, int option, void* data, std::size_t size) {
  auto length = static_cast<socklen_t>(size);
  if (getsockopt(socket.get(), ipv6 ? IPPROTO_IPV6 : IPPROTO_IP, option, data, &length) != 0) {
    return errno;
  }
  return length == size ? 0 : EBADMSG;
}

/// The errno, or 0. EAGAIN: the table changed between the two questions.
int ReadTable(const UniqueFd& socket, bool ipv6, TableTally& table) {
  IpTablesInfo info{};
  table.fact.name.copy(info.name, sizeof info.name - 1);
  if (const int error = Ask(socket, ipv6, kGetInfo, &info, sizeof info); error != 0) {
    return error;
  }
  if (info.size > kMaxTable) {
    return EFBIG;
  }
  IpTablesEntriesHead head{};
  table.fact.name.copy(head.name, sizeof head.name - 1);
  head.size = info.size;
  std::vector<std::uint8_t> buffer(sizeof head + info.size);
  std::memcpy(buffer.data(), &head, sizeof head);
  if (const int error = Ask(socket, ipv6, kGetEntries, buffer.data(), buffer.size()); error != 0) {
    return error;
  }
  return DecodeIpTables(info, Bytes(buffer).subspan(sizeof head), ipv6, table) ? 0 : EBADMSG;
}

/// `what`: how the family is called when it is missing.
void ReadFamily(const SnapshotLabel& label,
                bool ipv6,
                const std::string& what,
                const std::string& proc_root,
                std::vector<Fact>& facts) {
  // The file is there when the module is, and names the tables that this namespace has. Asking for
  // another one would make it.
  const auto names =
      ReadFile(proc_root + (ipv6 ? "/net/ip6_tables_names" : "/net/ip_tables_names"));
  if (!names) {
    facts.emplace_back(label.Missing(what, names.error()));
    return;
  }
  for (const auto name : SplitLines(*names)) {
    const UniqueFd socket(
        ::socket(ipv6 ? AF_INET6 : AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW));
    int error = socket.valid() ? EAGAIN : errno;
    for (int tries = 0; error == EAGAIN && tries < kTries; ++tries) {
      TableTally table;
      table.fact.moment = label.moment;
      table.fact.where = label.where;
      table.fact.backend = "legacy";
      table.fact.family = ipv6 ? "ip6" : "ip";
      table.fact.name = name;
      error = ReadTable(socket, ipv6, table);
      if (error == 0) {
        facts.emplace_back(table.Finish());
      }
    }
    if (error != 0) {
      facts.emplace_back(label.Missing(what, SystemError(name, error)));
    }
  }
}

}  // namespace

std::vector<Fact> ReadIpTables(const SnapshotLabel& label, const std::string& proc_root) {
  std::vector<Fact> facts;
  ReadFamily(label, false, "iptables", proc_root, facts);
  ReadFamily(label, true, "ip6tables", proc_root, facts);
  return facts;
}

}  // namespace netcheck::probe
