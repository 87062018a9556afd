#include "kernel/nf_tables.h"

#include <doctest/doctest.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include <map>
#include <string>
#include <vector>

#include "unit/kernel/captured.h"

using namespace netcheck::probe;
using netcheck::test::ReadHexCapture;

namespace {

std::vector<NetlinkMessage> Messages(const std::vector<std::uint8_t>& bytes) {
  auto messages = ParseNetlinkMessages(bytes);
  REQUIRE(messages);
  std::vector<NetlinkMessage> answers;
  for (const NetlinkMessage& message : *messages) {
    if (message.type != NLMSG_DONE) {
      answers.push_back(message);
    }
  }
  return answers;
}

void AppendText(NetlinkRequest& request, std::uint16_t type, const std::string& text) {
  request.AppendAttribute(type,
                          {reinterpret_cast<const std::uint8_t*>(text.c_str()), text.size() + 1});
}

/// The payload of a rule of table "t", chain "c" with one expression "immediate" whose verdict is
/// `code` to chain "there".
std::vector<std::uint8_t> RuleWithVerdict(std::int32_t code) {
  NetlinkRequest request(0, 0, 0);
  request.Append(nfgenmsg{NFPROTO_IPV4, NFNETLINK_V0, 0});
  AppendText(request, NFTA_RULE_TABLE, "t");
  AppendText(request, NFTA_RULE_CHAIN, "c");
  const auto expressions = request.BeginNested(NFTA_RULE_EXPRESSIONS);
  const auto element = request.BeginNested(NFTA_LIST_ELEM);
  AppendText(request, NFTA_EXPR_NAME, "immediate");
  const auto data = request.BeginNested(NFTA_EXPR_DATA);
  const auto immediate = request.BeginNested(NFTA_IMMEDIATE_DATA);
  const auto verdict = request.BeginNested(NFTA_DATA_VERDICT);
  const std::uint32_t big_endian = __builtin_bswap32(static_cast<std::uint32_t>(code));
  request.AppendAttribute(NFTA_VERDICT_CODE,
                          {reinterpret_cast<const std::uint8_t*>(&big_endian), sizeof big_endian});
  AppendText(request, NFTA_VERDICT_CHAIN, "there");
  for (const std::size_t start : {verdict, immediate, data, element, expressions}) {
    request.EndNested(start);
  }
  auto bytes = request.Finish();
  bytes.erase(bytes.begin(), bytes.begin() + sizeof(nlmsghdr));
  return bytes;
}

}  // namespace

TEST_CASE("nf_tables: captured tables") {
  const auto bytes = ReadHexCapture("kernel/linux-6.18/nf-tables-tables.hex");
  std::vector<std::string> names;
  for (const auto& message : Messages(bytes)) {
    const auto table = DecodeNfObject(message.type, message.payload);
    REQUIRE(table);
    CHECK(table->chain.empty());
    names.push_back(std::string(FilterFamilyName(table->family)) + " " + table->table);
  }
  CHECK(names == std::vector<std::string>{"ip nat", "ip filter", "ip6 nat", "ip6 filter"});
}

TEST_CASE("nf_tables: captured chains") {
  const auto bytes = ReadHexCapture("kernel/linux-6.18/nf-tables-chains.hex");
  std::map<std::string, std::string> chains;
  for (const auto& message : Messages(bytes)) {
    const auto chain = DecodeNfObject(message.type, message.payload);
    REQUIRE(chain);
    if (chain->family == NFPROTO_IPV4) {
      chains[chain->table + " " + chain->chain] = chain->head;
    }
  }
  CHECK(chains.at("nat OUTPUT") == "output accept");
  CHECK(chains.at("filter FORWARD") == "forward drop");
  CHECK(chains.at("nat KUBE-SERVICES") == "- -");
}

TEST_CASE("nf_tables: captured rules") {
  const auto bytes = ReadHexCapture("kernel/linux-6.18/nf-tables-rules.hex");
  std::map<std::string, std::vector<NfObject>> rules;
  for (const auto& message : Messages(bytes)) {
    const auto rule = DecodeNfObject(message.type, message.payload);
    REQUIRE(rule);
    CHECK(rule->table == "nat");
    rules[rule->chain].push_back(*rule);
  }
  REQUIRE(rules["OUTPUT"].size() == 1);
  CHECK(rules["OUTPUT"][0].jump == "KUBE-SERVICES");
  REQUIRE(rules["KUBE-POSTROUTING"].size() == 3);
  CHECK(rules["KUBE-POSTROUTING"][1].target == "MARK");
  CHECK(rules["KUBE-POSTROUTING"][2].target == "MASQUERADE");
  REQUIRE(rules["KUBE-SERVICES"].size() == 2);
  CHECK(rules["KUBE-SERVICES"][1].jump == "KUBE-MARK-DROP");
  CHECK(rules["KUBE-SVC-ABCDEFGHIJKLMNOP"][0].target == "DNAT");
}

TEST_CASE("nf_tables: verdicts that name a chain") {
  for (const std::int32_t code : {NFT_JUMP, NFT_GOTO}) {
    const auto rule = DecodeNfObject(NFT_MSG_NEWRULE, RuleWithVerdict(code));
    REQUIRE(rule);
    CHECK(rule->table == "t");
    CHECK(rule->chain == "c");
    CHECK(rule->jump == "there");
  }
  for (const std::int32_t code : {NF_DROP, NF_ACCEPT, static_cast<int>(NFT_RETURN)}) {
    CHECK(DecodeNfObject(NFT_MSG_NEWRULE, RuleWithVerdict(code))->jump.empty());
  }
}

TEST_CASE("nf_tables: cut off anywhere") {
  for (const char* file : {"nf-tables-tables.hex", "nf-tables-chains.hex", "nf-tables-rules.hex"}) {
    const auto bytes = ReadHexCapture(std::string("kernel/linux-6.18/") + file);
    for (const auto& message : Messages(bytes)) {
      for (std::size_t size = 0; size < message.payload.size(); ++size) {
        for (const std::uint16_t type : {std::uint16_t{NFT_MSG_NEWTABLE},
                                         std::uint16_t{NFT_MSG_NEWCHAIN},
                                         std::uint16_t{NFT_MSG_NEWRULE}}) {
          static_cast<void>(DecodeNfObject(type, message.payload.first(size)));
        }
      }
    }
  }
  CHECK_FALSE(DecodeNfObject(NFT_MSG_NEWTABLE, Bytes()));
  CHECK_FALSE(DecodeNfObject(NFT_MSG_NEWSET, RuleWithVerdict(NF_DROP)));
}

TEST_CASE("nf_tables: names without an end and hooks that nobody knows") {
  NetlinkRequest request(0, 0, 0);
  request.Append(nfgenmsg{NFPROTO_IPV4, NFNETLINK_V0, 0});
  const std::vector<std::uint8_t> unterminated(5, 'x');
  request.AppendAttribute(NFTA_CHAIN_TABLE, unterminated);
  request.AppendAttribute(NFTA_CHAIN_NAME, unterminated);
  const auto hook = request.BeginNested(NFTA_CHAIN_HOOK);
  const std::vector<std::uint8_t> number(4, 0xff);
  request.AppendAttribute(NFTA_HOOK_HOOKNUM, number);
  request.EndNested(hook);
  auto bytes = request.Finish();
  bytes.erase(bytes.begin(), bytes.begin() + sizeof(nlmsghdr));
  const auto chain = DecodeNfObject(NFT_MSG_NEWCHAIN, bytes);
  REQUIRE(chain);
  CHECK(chain->chain == "xxxxx");
  CHECK(chain->head == "unknown accept");
}

TEST_CASE("nf_tables: the rules of one table are asked for") {
  const auto request = EncodeNfDump(NFT_MSG_GETRULE, NFPROTO_IPV6, "nat", 5);
  const auto messages = ParseNetlinkMessages(request);
  REQUIRE(messages);
  REQUIRE(messages->size() == 1);
  CHECK(messages->front().type == ((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETRULE));
  CHECK((messages->front().flags & NLM_F_DUMP) == NLM_F_DUMP);
  CHECK(messages->front().sequence == 5);
}
