// kubelet and kube-proxy write their iptables rules through different backends of the kernel
// (nf_tables and the legacy ip_tables). Until Kubernetes 1.26 kubelet made the chain KUBE-MARK-DROP
// (pkg/kubelet/kubelet_network_linux.go), and until 1.24 kube-proxy's rules referred to it
// (pkg/proxy/iptables/proxier.go, pkg/proxy/ipvs/proxier.go). A chain of the other backend can't be
// referred to: iptables-restore refuses the rules as a whole, and kube-proxy's chains, which it
// made one by one before, stay empty. Stale rules beside a whole set do no harm and are no finding.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

#include "diagnosis/rule.h"
#include "diagnosis/service_way.h"
#include "diagnosis/words.h"
#include "protocol/filter_chain.h"

namespace netcheck::diagnosis {
namespace {

using protocol::FilterChain;
using protocol::FilterTable;
using protocol::Moment;
using protocol::Where;

constexpr const char* kServices = "KUBE-SERVICES";
constexpr const char* kPostrouting = "KUBE-POSTROUTING";
constexpr const char* kMarkDrop = "KUBE-MARK-DROP";

bool Has(const std::vector<std::string>& names, const char* name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::optional<FilterChain> Chain(const FilterTable* table, const char* name) {
  return table == nullptr ? std::nullopt : protocol::FindChain(*table, name);
}

const FilterTable* FindNat(const std::vector<FilterTable>& tables,
                           const char* backend,
                           const char* family) {
  const auto table = std::find_if(tables.begin(), tables.end(), [&](const FilterTable& t) {
    return t.backend == backend && t.family == family && t.name == "nat";
  });
  return table == tables.end() ? nullptr : &*table;
}

/// The nat table of one backend: kube-proxy's chains are there.
bool IsProxys(const FilterTable* nat) {
  return Chain(nat, kServices).has_value();
}

/// kube-proxy's rules are there as well: those that it writes in one go, or not at all.
bool IsWhole(const FilterTable* nat) {
  const auto services = Chain(nat, kServices);
  const auto postrouting = Chain(nat, kPostrouting);
  return services && services->rules > 0 && postrouting && Has(postrouting->targets, "MASQUERADE");
}

struct Split {
  const FilterTable* proxys;    ///< kube-proxy's chains, without its rules.
  const FilterTable* kubelets;  ///< KUBE-MARK-DROP, which the former lacks.
};

std::optional<Split> FindSplit(const std::vector<FilterTable>& tables, const char* family) {
  const FilterTable* nft = FindNat(tables, "nft", family);
  const FilterTable* legacy = FindNat(tables, "legacy", family);
  for (const Split& split : {Split{nft, legacy}, Split{legacy, nft}}) {
    const auto mark_drop = Chain(split.kubelets, kMarkDrop);
    if (IsProxys(split.proxys) && mark_drop && mark_drop->rules > 0 &&
        !Chain(split.proxys, kMarkDrop) && !IsWhole(split.proxys) && !IsWhole(split.kubelets)) {
      return split;
    }
  }
  return std::nullopt;
}

/// "v1.26.3-gke.100" → 26; nullopt for what is no version 1.
std::optional<int> MinorOf(std::string_view version) {
  constexpr std::string_view kMajor = "v1.";
  int minor = 0;
  if (!version.starts_with(kMajor)) {
    return std::nullopt;
  }
  version.remove_prefix(kMajor.size());
  const auto [end, error] = std::from_chars(version.data(), version.data() + version.size(), minor);
  return error == std::errc() ? std::optional(minor) : std::nullopt;
}

/// What the missing rules did to the packets, as it was seen. false: nothing was.
bool AddEffect(const Digest& digest, const ServiceCase& way, Finding& finding) {
  const Translation translation = TranslationOf(digest, way);
  const protocol::IpvsService* ipvs = FindIpvs(digest, *way.way);
  if (ipvs != nullptr && !ipvs->destinations.empty()) {
    finding.evidence.push_back(fmt::format("IPVS has the virtual service {} with {}.",
                                           HostPort(ipvs->address, ipvs->port),
                                           Count(std::ssize(ipvs->destinations), "destination")));
    if (translation.source_is_service == 0) {
      return false;
    }
    finding.evidence.push_back(fmt::format(
        "{} to {} left with the Service's own address {} as their source (conntrack): nothing "
        "masqueraded them, so the answers went to whoever else has that address.",
        Count(translation.source_is_service, "connection"),
        fmt::join(translation.addresses, ", "),
        way.way->address));
    return true;
  }
  const int untranslated = Untranslated(digest, way);
  if (untranslated > 0) {
    finding.evidence.push_back(
        fmt::format("{} left the node addressed to {} itself: no rule sent them to an endpoint.",
                    Count(untranslated, "connection"),
                    HostPort(way.way->address, way.way->port)));
  }
  if (translation.source_is_service > 0) {
    finding.evidence.push_back(fmt::format(
        "{} left with the Service's own address as their source: nothing masqueraded them.",
        Count(translation.source_is_service, "connection")));
  }
  return untranslated > 0 || translation.source_is_service > 0;
}

void AddSplit(const Digest& digest, const Split& split, Finding& finding) {
  const auto services = Chain(split.proxys, kServices);
  const auto postrouting = Chain(split.proxys, kPostrouting);
  finding.evidence.push_back(
      fmt::format("kube-proxy's chains are in the {} backend (table {} nat): KUBE-SERVICES holds "
                  "{}, KUBE-POSTROUTING {}.",
                  split.proxys->backend,
                  split.proxys->family,
                  Count(services->rules, "rule"),
                  !postrouting                              ? "is not there"
                  : Has(postrouting->targets, "MASQUERADE") ? "masquerades"
                                                            : "has no MASQUERADE rule"));
  finding.evidence.push_back(fmt::format(
      "KUBE-MARK-DROP, which kubelet {} makes and kube-proxy before 1.25 refers to, is in the {} "
      "backend only: rules that refer to it are refused as a whole in the other one.",
      digest.evidence->node.kubelet_version,
      split.kubelets->backend));
}

std::vector<std::string> FixOf(const Split& split, const std::string& node) {
  return {fmt::format("Let kubelet and kube-proxy on node {} use the same backend: on Debian and "
                      "its relatives `update-alternatives --set iptables "
                      "/usr/sbin/iptables-{}` (and ip6tables), or a kube-proxy image that finds "
                      "out which one the node uses.",
                      node,
                      split.proxys->backend),
          "Restart kubelet and kube-proxy, and remove the set that is left over in the other "
          "backend (or restart the node).",
          "Kubernetes 1.27 and later do without the chain: upgrade."};
}

/// Certain as far as kubelet's version says that its kube-proxy needs the chain.
std::optional<Certainty> MostCertain(const model::Node& node) {
  constexpr int kWithoutChain = 27;
  constexpr int kProxyWithoutIt = 25;
  const auto minor = MinorOf(node.kubelet_version);
  if (!minor || *minor >= kWithoutChain) {
    return std::nullopt;
  }
  return *minor < kProxyWithoutIt ? Certainty::kProven : Certainty::kLikely;
}

/// The node's tables as they were before and after.
struct Tables {
  std::vector<FilterTable> before;
  std::vector<FilterTable> after;
};

std::optional<Finding> Examine(const Digest& digest, const Tables& tables, const ServiceCase& way) {
  const char* family = IsIpv6(way.way->address) ? "ip6" : "ip";
  const auto most = MostCertain(digest.evidence->node);
  const auto split = FindSplit(tables.after, family);
  const EndpointTally endpoints = TallyEndpoints(digest, way);
  if (!most || !split || !FindSplit(tables.before, family) || endpoints.answered == 0 ||
      endpoints.failed > 0) {
    return std::nullopt;
  }
  Finding finding;
  finding.claims = ClaimHandshakes(way, WentAstray);
  if (finding.claims.empty()) {
    return std::nullopt;
  }
  finding.code = "NC-KUBEPROXY-001";
  finding.title =
      "kube-proxy's rules were refused: it and kubelet use different backends of iptables";
  finding.subject = way.subject;
  finding.evidence.push_back(
      fmt::format("{} from node {} to {} got no answer, {} passed; {} behind it answered the same "
                  "node in all of {}.",
                  Count(std::ssize(finding.claims), "connection"),
                  digest.evidence->node.name,
                  HostPort(way.way->address, way.way->port),
                  Tally(way).passed,
                  Count(endpoints.answered, "endpoint"),
                  Count(endpoints.attempts, "connection")));
  AddSplit(digest, *split, finding);
  const bool seen = AddEffect(digest, way, finding);
  if (!seen && *most != Certainty::kProven) {
    return std::nullopt;  // Neither the version nor the packets tell that the chain was needed.
  }
  finding.certainty = seen ? *most : Certainty::kLikely;
  finding.fix = FixOf(*split, digest.evidence->node.name);
  return finding;
}

}  // namespace

std::vector<Finding> BackendMix(const Digest& digest) {
  std::vector<Finding> findings;
  const Tables tables{protocol::FindFilterTables(digest.report(), Where::kNode, Moment::kBefore),
                      protocol::FindFilterTables(digest.report(), Where::kNode, Moment::kAfter)};
  for (const ServiceCase& way : digest.services) {
    if (way.way->kind == model::WayKind::kEndpoint || !way.unusable.empty()) {
      continue;
    }
    if (auto finding = Examine(digest, tables, way)) {
      findings.push_back(*std::move(finding));
    }
  }
  return findings;
}

}  // namespace netcheck::diagnosis
