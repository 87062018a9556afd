#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kernel/netlink_message.h"

// Messages of nf_tables (net/netfilter/nf_tables_api.c; include/uapi/linux/netfilter/nf_tables.h).
// Pure.
namespace netcheck::probe {

/// Asks for all objects of a kind: NFT_MSG_GETTABLE, NFT_MSG_GETCHAIN, or NFT_MSG_GETRULE. `table`,
/// of the last, names the table; kernels before 4.1 answer with the rules of all tables of the
/// family. "": all.
std::vector<std::uint8_t> EncodeNfDump(std::uint8_t message,
                                       int family,
                                       const std::string& table,
                                       std::uint32_t sequence);

/// "ip" ... as `nft` writes them; "" for another one.
const char* FilterFamilyName(int family);

/// A table, chain or rule.
struct NfObject {
  int family = 0;  ///< NFPROTO_*
  std::string table;
  std::string chain;         ///< Its name, or that of the chain which it is a rule of; "": a table.
  std::string head = "- -";  ///< Of a chain, as in ChainTally.
  std::uint64_t packets = 0;  ///< Of a rule's counter; 0 where it has none.
  std::string jump;           ///< Chain that a rule jumps or goes to; "": none.
  std::string target;         ///< Of a rule, as in protocol::FilterChain; "": none.
};

/// An answer (NFT_MSG_NEWTABLE, NFT_MSG_NEWCHAIN, NFT_MSG_NEWRULE); nullopt: malformed, or
/// something else.
std::optional<NfObject> DecodeNfObject(std::uint16_t type, Bytes payload);

}  // namespace netcheck::probe
