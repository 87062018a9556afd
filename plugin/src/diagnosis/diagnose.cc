// The arbiter: runs the rules, lets the better explanation keep the attempts that two claim, and
// leaves what nobody explains undetermined.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "diagnosis/check_report.h"
#include "diagnosis/conntrack_use.h"
#include "diagnosis/digest.h"
#include "diagnosis/finding.h"
#include "diagnosis/forecast.h"
#include "diagnosis/kubelet_words.h"
#include "diagnosis/listeners.h"
#include "diagnosis/not_seen.h"
#include "diagnosis/rule.h"
#include "diagnosis/service_way.h"
#include "diagnosis/words.h"

namespace netcheck::diagnosis {
namespace {

using Claim = std::pair<std::string, int>;

Claim Key(const AttemptRef& ref) {
  return {ref.id, ref.index};
}

std::vector<Finding> RunRules(const Digest& digest) {
  std::vector<Finding> findings;
  for (const Rule rule : Rules()) {
    for (Finding& finding : rule(digest)) {
      findings.push_back(std::move(finding));
    }
  }
  return findings;
}

/// An attempt belongs to the first finding of another cause that claims it. Probes that share a
/// port share its attempts, so findings with the same code don't compete. A finding that claims
/// nothing tells why nothing could be tried.
void Arbitrate(std::vector<Finding> findings, Report& report) {
  std::map<Claim, std::string> owner;
  for (Finding& finding : findings) {
    if (finding.certainty == Certainty::kPossible) {
      report.risks.push_back(std::move(finding));
      continue;
    }
    const bool about_attempts = !finding.claims.empty();
    std::erase_if(finding.claims, [&](const AttemptRef& ref) {
      return owner.emplace(Key(ref), finding.code).first->second != finding.code;
    });
    if (!about_attempts || !finding.claims.empty()) {
      report.findings.push_back(std::move(finding));
    }
  }
  std::stable_sort(report.findings.begin(),
                   report.findings.end(),
                   [](const Finding& a, const Finding& b) { return a.certainty > b.certainty; });
}

std::set<Claim> Explained(const Report& report) {
  std::set<Claim> explained;
  for (const Finding& finding : report.findings) {
    for (const AttemptRef& ref : finding.claims) {
      explained.insert(Key(ref));
    }
  }
  return explained;
}

/// Failed attempts of one probe by stage, less those that a finding explains, with up to three of
/// the errors met.
struct Leftover {
  int attempts = 0;
  std::set<std::string> errors;
};

class Leftovers {
 public:
  Leftovers(const Digest& digest, const std::set<Claim>& explained)
      : digest_(digest), explained_(explained) {}

  void Add(const Batch& batch) {
    std::map<int, std::string> errors;
    for (const protocol::HandshakeDetail& detail : digest_.report().handshake_details) {
      if (detail.batch == batch.plan->id) {
        errors[detail.index] = detail.error;
      }
    }
    for (const HandshakeAttempt& attempt : batch.attempts) {
      const Claim key{attempt.handshake.batch, attempt.handshake.index};
      if (attempt.failed() && explained_.count(key) == 0) {
        Note(attempt.stage, errors[attempt.handshake.index]);
      }
    }
  }

  void Add(const CheckCase& check) {
    for (const JudgedAttempt& attempt : check.attempts) {
      if (attempt.failed &&
          explained_.count({attempt.attempt->check, attempt.attempt->index}) == 0) {
        Note(attempt.stage, WordsOf(*attempt.attempt));
      }
    }
  }

  [[nodiscard]] const std::map<Stage, Leftover>& by_stage() const { return by_stage_; }

 private:
  void Note(Stage stage, const std::string& error) {
    constexpr std::size_t kMaxErrors = 3;
    Leftover& leftover = by_stage_[stage];
    ++leftover.attempts;
    if (!error.empty() && leftover.errors.size() < kMaxErrors) {
      leftover.errors.insert(error);
    }
  }

  const Digest& digest_;
  const std::set<Claim>& explained_;
  std::map<Stage, Leftover> by_stage_;
};

void AddConntrack(const Digest& digest, std::vector<std::string>& excluded) {
  const auto table = protocol::FindConntrackTable(
      digest.report(), protocol::Where::kNode, protocol::Moment::kAfter);
  const auto drops =
      ConntrackRise(digest, protocol::Where::kNode, protocol::Moment::kBefore, "drop");
  if (table && drops == 0) {
    excluded.push_back(fmt::format(
        "a full conntrack table: it holds {} of at most {} entries, and dropped nothing",
        table->count,
        table->max));
  }
}

/// Causes that the evidence rules out, for the reader of an undetermined failure.
std::vector<std::string> Excluded(const Digest& digest, const ProbeCase& probe) {
  std::vector<std::string> excluded;
  if (probe.probe->kind == model::ProbeKind::kExec) {
    return excluded;
  }
  const auto listeners =
      ListenersOf(digest, probe.probe->address, probe.probe->port, protocol::Moment::kAfter);
  if (listeners && !listeners->empty()) {
    excluded.push_back(fmt::format("a missing listener: port {} is in LISTEN", probe.probe->port));
  }
  if (CounterRise(digest, digest.target_namespace(), "TcpExt.ListenOverflows") == 0) {
    excluded.emplace_back("a full accept queue: TcpExt.ListenOverflows did not rise");
  }
  const auto counts = [&](const char* name) {
    return protocol::FindCounter(
               digest.report(), digest.target_namespace(), protocol::Moment::kBefore, name)
        .has_value();
  };
  if (!counts("TcpExt.PAWSPassive") && counts("TcpExt.ListenDrops")) {
    excluded.emplace_back(
        "tcp_tw_recycle: not applicable, this kernel does not have it (no TcpExt.PAWSPassive)");
  } else if (CounterRise(digest, digest.target_namespace(), "TcpExt.PAWSPassive") == 0) {
    excluded.emplace_back("tcp_tw_recycle: TcpExt.PAWSPassive did not rise");
  }
  AddConntrack(digest, excluded);
  return excluded;
}

/// `unusable`: why what was tried supports no finding.
void AddUnexplained(const std::string& subject,
                    const std::string& unusable,
                    const std::vector<std::string>& excluded,
                    const std::map<Stage, Leftover>& leftovers,
                    Report& report) {
  if (!unusable.empty()) {
    Unexplained entry;
    entry.subject = subject;
    for (const auto& [stage, leftover] : leftovers) {
      entry.attempts += leftover.attempts;
    }
    entry.observations.push_back(unusable + ", so what was tried meanwhile supports no finding");
    report.unexplained.push_back(std::move(entry));
    return;
  }
  for (const auto& [stage, leftover] : leftovers) {
    Unexplained entry;
    entry.subject = subject;
    entry.stage = stage;
    entry.attempts = leftover.attempts;
    entry.excluded = excluded;
    entry.observations.assign(leftover.errors.begin(), leftover.errors.end());
    report.unexplained.push_back(std::move(entry));
  }
}

void AddUnexplained(const Digest& digest, Report& report) {
  const std::set<Claim> explained = Explained(report);
  for (const ProbeCase& probe : digest.probes) {
    Leftovers leftovers(digest, explained);
    for (const Batch* batch : probe.batches) {
      leftovers.Add(*batch);
    }
    for (const CheckCase* check : probe.checks) {
      leftovers.Add(*check);
    }
    AddUnexplained(
        probe.subject, probe.unusable, Excluded(digest, probe), leftovers.by_stage(), report);
  }
  for (const ServiceCase& way : digest.services) {
    Leftovers leftovers(digest, explained);
    for (const Batch* batch : way.batches) {
      leftovers.Add(*batch);
    }
    // That endpoints come and go is no fault where everything passed all the same.
    if (!leftovers.by_stage().empty()) {
      const std::size_t first = report.unexplained.size();
      AddUnexplained(way.subject, way.unusable, {}, leftovers.by_stage(), report);
      for (std::size_t i = first; i < report.unexplained.size(); ++i) {
        const auto observed = ObservedOn(digest, way);
        auto& observations = report.unexplained[i].observations;
        observations.insert(observations.begin(), observed.begin(), observed.end());
      }
    }
  }
}

bool AnythingPassed(const Report& report) {
  return std::any_of(report.checks.begin(), report.checks.end(), [](const CheckReport& check) {
    return check.passed > 0;
  });
}

void Conclude(const Digest& digest, Report& report) {
  if (!report.findings.empty()) {
    const Finding& first = report.findings.front();
    report.verdict = Verdict::kUnhealthy;
    report.summary = fmt::format("{}: {}.", first.subject, first.title);
    return;
  }
  report.verdict = Verdict::kUndetermined;
  if (!digest.contradictions.empty()) {
    report.summary =
        fmt::format("The probe's facts contradict each other: {}.", digest.contradictions.front());
  } else if (!report.unexplained.empty()) {
    const Unexplained& first = report.unexplained.front();
    report.summary = first.stage == Stage::kUnknown && !first.observations.empty()
                         ? fmt::format("{}: {}.", first.subject, first.observations.front())
                         : fmt::format("{}: {} failed; {}.",
                                       first.subject,
                                       Count(first.attempts, "attempt"),
                                       Describe(first.stage));
  } else if (!digest.report().complete) {
    report.summary =
        "The probe's report is incomplete, so nothing can be said about what is missing from it.";
  } else if (!AnythingPassed(report)) {
    report.summary = "Nothing could be tried.";
  } else {
    report.verdict = Verdict::kHealthy;
    report.summary = "Every attempt passed.";
  }
}

}  // namespace

Report Diagnose(const model::Evidence& evidence) {
  const Digest digest = MakeDigest(evidence);
  Report report;
  Arbitrate(RunRules(digest), report);
  AddUnexplained(digest, report);
  report.checks = CheckReports(digest);
  report.kubelet = KubeletFailures(digest);
  report.forecasts = Forecasts(digest);
  report.not_seen = NotSeenOf(digest);
  Conclude(digest, report);
  return report;
}

}  // namespace netcheck::diagnosis
