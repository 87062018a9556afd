#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <ostream>
#include <set>

#include "diagnosis/stage.h"
#include "diagnosis/words.h"
#include "output/port_map.h"
#include "output/render.h"
#include "output/text_table.h"

namespace netcheck::output {
namespace {

using diagnosis::Attempt;
using diagnosis::CheckReport;
using diagnosis::Finding;
using diagnosis::Report;
using diagnosis::Verdict;

constexpr int kMinWidth = 40;
constexpr int kMaxWidth = 120;  // Longer lines of prose are hard to read.

/// ANSI colours, or nothing.
class Paint {
 public:
  explicit Paint(bool on) : on_(on) {}
  [[nodiscard]] std::string Red(const std::string& text) const { return Wrap("31;1", text); }
  [[nodiscard]] std::string Green(const std::string& text) const { return Wrap("32;1", text); }
  [[nodiscard]] std::string Yellow(const std::string& text) const { return Wrap("33;1", text); }
  [[nodiscard]] std::string Bold(const std::string& text) const { return Wrap("1", text); }

 private:
  [[nodiscard]] std::string Wrap(const char* code, const std::string& text) const {
    return on_ ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : text;
  }
  bool on_;
};

struct Page {
  const Report& report;
  const model::Evidence& evidence;
  TableStyle style;
  Paint paint;
  int width;
  std::ostream& out;
};

std::string AddressList(const std::vector<std::string>& addresses) {
  return addresses.empty() ? "none" : fmt::format("{}", fmt::join(addresses, ", "));
}

std::string TargetLine(const model::Evidence& evidence) {
  if (const auto& service = evidence.service_target) {
    return fmt::format("Service {}/{} ({}), cluster IP {}, from node {}",
                       service->namespace_name,
                       service->name,
                       service->type,
                       AddressList(service->cluster_ips),
                       evidence.node.name);
  }
  const model::Pod& pod = evidence.pod;
  return fmt::format("Pod {}/{} on node {}, address {}",
                     pod.namespace_name,
                     pod.name,
                     pod.node,
                     AddressList(pod.ips));
}

void WriteVerdict(const Page& page) {
  page.out << TargetLine(page.evidence) << '\n';
  std::string verdict;
  switch (page.report.verdict) {
    case Verdict::kHealthy:
      verdict = page.paint.Green("HEALTHY");
      break;
    case Verdict::kUnhealthy:
      verdict = page.paint.Red("UNHEALTHY");
      break;
    case Verdict::kUndetermined:
      verdict = page.paint.Yellow("UNDETERMINED");
      break;
  }
  page.out << verdict << "  ";
  WriteWrapped(page.report.summary, "", "  ", page.width, page.out);
}

std::string WhatWasTried(const CheckReport& check) {
  if (check.kind == "http") {
    return "GET " + check.target;
  }
  if (check.kind == "grpc") {
    return "grpc.health.v1.Health/Check at " + check.target;
  }
  if (check.kind == "exec") {
    return "run " + check.target;
  }
  if (check.kind == "tcp") {
    return "connect to " + check.target;
  }
  static const std::map<std::string, std::string> kPorts = {
      {"kubelet", "ports that the kernel chose"},
      {"spread", "ports over the whole range"},
      {"suspects", "NodePorts and their neighbours"},
      {"sweep", "every port of the range"},
      {"list", "the ports given"}};
  const auto it = kPorts.find(check.ports);
  return fmt::format(
      "handshake with {}, {}", check.target, it == kPorts.end() ? check.ports : it->second);
}

/// The time that matters for this kind of attempt; nullopt: it did not get there.
std::optional<double> TimeOf(const Attempt& attempt) {
  return attempt.outcome == "success" || attempt.outcome == "warning"
             ? (attempt.total_ms ? attempt.total_ms : attempt.connect_ms)
             : std::nullopt;
}

std::string MedianAndWorst(const CheckReport& check) {
  std::vector<double> times;
  for (const Attempt& attempt : check.attempts) {
    if (const auto time = TimeOf(attempt)) {
      times.push_back(*time);
    }
  }
  if (times.empty()) {
    return "-";
  }
  std::sort(times.begin(), times.end());
  const auto words = [](double millis) {
    return diagnosis::Duration(static_cast<std::int64_t>(millis * 1e3));
  };
  return fmt::format("{}, at most {}", words(times[times.size() / 2]), words(times.back()));
}

void WriteChecks(const Page& page) {
  std::vector<std::vector<std::string>> rows = {
      {"CONTAINER", "PROBE", "PASSED", "FAILED", "TIME (MEDIAN)", "WHAT WAS TRIED FROM THE NODE"}};
  for (const CheckReport& check : page.report.checks) {
    if (check.attempts.empty()) {
      continue;  // A plan that found nothing to try: no NodePort among the source ports.
    }
    rows.push_back({check.container,
                    check.probe,
                    std::to_string(check.passed),
                    std::to_string(check.failed),
                    MedianAndWorst(check),
                    WhatWasTried(check)});
  }
  if (rows.size() > 1) {
    page.out << '\n';
    WriteColumns(rows, page.out);
  }
}

/// The letters of the stages that failed attempts ended at.
std::string Stages(const CheckReport& check) {
  std::set<std::string> letters;
  for (const Attempt& attempt : check.attempts) {
    if (attempt.outcome == "failure") {
      letters.insert(diagnosis::Letter(attempt.stage));
    }
  }
  return letters.empty() ? "-" : fmt::format("{}", fmt::join(letters, ","));
}

void WriteWays(const Page& page) {
  std::vector<std::vector<std::string>> rows = {
      {"WAY", "ADDRESS", "PASSED", "FAILED", "STAGE", "TIME (MEDIAN)", "POD AND NODE"}};
  for (const CheckReport& check : page.report.checks) {
    rows.push_back({check.way,
                    check.target,
                    std::to_string(check.passed),
                    std::to_string(check.failed),
                    Stages(check),
                    MedianAndWorst(check),
                    check.note.empty() ? "-" : check.note});
  }
  page.out << '\n';
  WriteColumns(rows, page.out);
}

/// Whether our attempts meet what kubelet met.
std::string Agreement(const diagnosis::KubeletFailure& failure) {
  if (failure.attempts == 0) {
    return "nothing was tried from here that could have ended so";
  }
  if (failure.same == 0) {
    return fmt::format("from here none of {} ended so",
                       diagnosis::Count(failure.attempts, "attempt"));
  }
  return fmt::format("from here {} of {} ended the same way",
                     failure.same,
                     diagnosis::Count(failure.attempts, "attempt"));
}

void WriteKubelet(const Page& page) {
  if (page.report.kubelet.empty()) {
    return;
  }
  page.out << "\nWhat kubelet reported itself:\n";
  for (const diagnosis::KubeletFailure& failure : page.report.kubelet) {
    WriteWrapped(fmt::format("{} ({}, last {}); {}",
                             failure.message,
                             diagnosis::Count(failure.count, "time"),
                             failure.last_seen,
                             Agreement(failure)),
                 fmt::format("  - container {}: ", failure.container),
                 "    ",
                 page.width,
                 page.out);
  }
}

void WriteForecasts(const Page& page) {
  bool first = true;
  for (const diagnosis::Forecast& forecast : page.report.forecasts) {
    if (forecast.failed + forecast.errored == 0) {
      continue;  // That a probe that passes does no harm needs no words.
    }
    page.out << (first ? "\nWhat kubelet does if it goes on like this:\n" : "");
    first = false;
    WriteWrapped(fmt::format("{} probe of container {} ({} of {} attempts failed): {}.",
                             forecast.probe,
                             forecast.container,
                             forecast.failed,
                             forecast.attempts,
                             forecast.text),
                 "  - ",
                 "    ",
                 page.width,
                 page.out);
  }
}

/// Up to three different words that failed attempts of a check ended with.
void WriteErrors(const Page& page) {
  constexpr std::size_t kMost = 3;
  std::map<std::string, int> errors;
  for (const CheckReport& check : page.report.checks) {
    for (const Attempt& attempt : check.attempts) {
      const bool failed = attempt.outcome == "failure" || attempt.outcome == "unknown";
      if (failed && !attempt.detail.empty()) {
        ++errors[attempt.detail];
      }
    }
  }
  if (errors.empty()) {
    return;
  }
  page.out << (page.evidence.service_target ? "\nFailures:\n"
                                            : "\nFailures, as kubelet words them:\n");
  std::size_t written = 0;
  for (const auto& [error, count] : errors) {
    if (written++ == kMost && !page.style.verbose) {
      page.out << fmt::format("  ... and {} other texts (-v shows them)\n", errors.size() - kMost);
      break;
    }
    WriteWrapped(error, fmt::format("  {:>5}x ", count), "         ", page.width, page.out);
  }
}

const char* Glyph(PortCell cell, bool unicode) {
  switch (cell) {
    case PortCell::kPassed:
      return unicode ? "█" : "#";
    case PortCell::kFailed:
      return unicode ? "✗" : "x";
    case PortCell::kMixed:
      return unicode ? "▒" : "%";
    case PortCell::kNotTried:
      break;
  }
  return unicode ? "·" : ".";
}

std::string Painted(const Page& page, PortCell cell) {
  std::string glyph = Glyph(cell, page.style.unicode);
  switch (cell) {
    case PortCell::kPassed:
      return page.paint.Green(glyph);
    case PortCell::kFailed:
      return page.paint.Red(glyph);
    case PortCell::kMixed:
      return page.paint.Yellow(glyph);
    case PortCell::kNotTried:
      break;
  }
  return glyph;
}

void WritePortMap(const Page& page,
                  const std::string& target,
                  const std::vector<const CheckReport*>& batches) {
  constexpr int kIndent = 2;
  constexpr int kRows = 3;
  const int per_row = page.width - kIndent - 7;  // "65535  " before the cells
  const PortMap map = DrawPorts(batches, per_row * kRows);
  if (map.cells.empty()) {
    return;
  }
  std::size_t tried = 0;
  for (const CheckReport* batch : batches) {
    tried += static_cast<std::size_t>(batch->passed + batch->failed);
  }
  const bool unicode = page.style.unicode;
  page.out << fmt::format(
      "\nSource ports {}-{} to {}, {} handshakes ({} passed  {} failed  {} both  {} not tried)\n",
      map.low,
      map.high,
      target,
      tried,
      Glyph(PortCell::kPassed, unicode),
      Glyph(PortCell::kFailed, unicode),
      Glyph(PortCell::kMixed, unicode),
      Glyph(PortCell::kNotTried, unicode));
  for (std::size_t cell = 0; cell < map.cells.size(); ++cell) {
    if (cell % static_cast<std::size_t>(per_row) == 0) {
      page.out << fmt::format("{}{:>5}  ", cell == 0 ? "  " : "\n  ", map.FirstPort(cell));
    }
    page.out << Painted(page, map.cells[cell]);
  }
  page.out << '\n';
}

void WritePortMaps(const Page& page) {
  std::vector<std::string> order;
  std::map<std::string, std::vector<const CheckReport*>> by_target;
  for (const CheckReport& check : page.report.checks) {
    if (check.kind == "handshake") {
      auto& batches = by_target[check.target];
      if (batches.empty()) {
        order.push_back(check.target);
      }
      batches.push_back(&check);
    }
  }
  for (const std::string& target : order) {
    WritePortMap(page, target, by_target[target]);
  }
}

void WriteList(const Page& page, const char* heading, const std::vector<std::string>& lines) {
  if (lines.empty()) {
    return;
  }
  page.out << "  " << page.paint.Bold(heading) << '\n';
  for (const std::string& line : lines) {
    WriteWrapped(line, "  - ", "    ", page.width, page.out);
  }
}

/// What kubelet itself reported about the finding's container and probe.
void WriteFinding(const Page& page, const Finding& finding, const char* heading) {
  page.out << '\n';
  WriteWrapped(
      fmt::format("{} ({}, {})", finding.title, finding.code, diagnosis::Name(finding.certainty)),
      fmt::format("{}: ", heading),
      "  ",
      page.width,
      page.out);
  WriteWrapped(finding.subject, "  Concerns ", "    ", page.width, page.out);
  WriteList(page, "Evidence", finding.evidence);
  WriteList(page, "Fix", finding.fix);
}

/// Where a reader finds the rest, with a code to try it with.
void WriteExplainHint(const Page& page) {
  const std::vector<Finding>& findings =
      page.report.findings.empty() ? page.report.risks : page.report.findings;
  if (!findings.empty()) {
    page.out << fmt::format("\nMore about a cause: kubectl netcheck explain {}\n",
                            findings.front().code);
  }
}

void WriteUnexplained(const Page& page) {
  for (const diagnosis::Unexplained& entry : page.report.unexplained) {
    page.out << '\n';
    WriteWrapped(entry.attempts == 0 ? entry.subject
                                     : fmt::format("{}: {} failed; {}",
                                                   entry.subject,
                                                   diagnosis::Count(entry.attempts, "attempt"),
                                                   diagnosis::Describe(entry.stage)),
                 "UNDETERMINED: ",
                 "  ",
                 page.width,
                 page.out);
    WriteList(page, "Observed", entry.observations);
    WriteList(page, "Excluded", entry.excluded);
  }
}

void WriteNotSeen(const Page& page) {
  if (page.report.not_seen.empty()) {
    return;
  }
  page.out << "\nNot seen:\n";
  for (const model::NotSeen& entry : page.report.not_seen) {
    WriteWrapped(fmt::format("{}: {}; {}", entry.what, entry.why, entry.cost),
                 "  - ",
                 "    ",
                 page.width,
                 page.out);
  }
}

}  // namespace

void RenderTable(const Report& report,
                 const model::Evidence& evidence,
                 const TableStyle& style,
                 std::ostream& out) {
  const Page page{report,
                  evidence,
                  style,
                  Paint(style.color),
                  std::clamp(style.width, kMinWidth, kMaxWidth),
                  out};
  WriteVerdict(page);
  if (evidence.service_target) {
    WriteWays(page);
  } else {
    WriteChecks(page);
    WritePortMaps(page);
  }
  WriteErrors(page);
  WriteKubelet(page);
  WriteForecasts(page);
  for (const Finding& finding : report.findings) {
    WriteFinding(page, finding, "CAUSE");
  }
  WriteUnexplained(page);
  for (const Finding& finding : report.risks) {
    WriteFinding(page, finding, "RISK");
  }
  WriteExplainHint(page);
  WriteNotSeen(page);
}

}  // namespace netcheck::output
