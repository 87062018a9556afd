#include "kernel/kernel_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

#include "kernel/procfs_text.h"
#include "sys/system_error.h"
#include "sys/unique_fd.h"

namespace netcheck::probe {
namespace {

using protocol::Fact;
using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kBudget{200};
/// Namespaces that are told: pods come and go, their lines stay.
constexpr std::size_t kMaxNamespaces = 50;
/// CONSOLE_EXT_LOG_MAX of kernel/printk/internal.h: no record is longer.
constexpr std::size_t kMaxRecord = 8192;
constexpr int kFacilityShift = 3;

}  // namespace

std::optional<std::int64_t> ParseConntrackFullLine(std::string_view record) {
  constexpr std::string_view kFull = "nf_conntrack: table full";
  constexpr std::string_view kNetns = " in netns ";
  const auto text_at = record.find(';');
  if (text_at == std::string_view::npos) {
    return std::nullopt;
  }
  auto text = record.substr(text_at + 1);
  text = text.substr(0, text.find('\n'));
  const auto full = text.find(kFull);
  // The module's name comes once or twice before it.
  if (full == std::string_view::npos || full > kFull.size() ||
      !text.ends_with(", dropping packet")) {
    return std::nullopt;
  }
  const auto prefix = ParseDecimal(record.substr(0, record.find(',')));
  if (!prefix || *prefix >> kFacilityShift != 0) {
    return std::nullopt;
  }
  auto netns = text.substr(full + kFull.size());
  if (!netns.starts_with(kNetns)) {
    return 0;
  }
  netns.remove_prefix(kNetns.size());
  return ParseDecimal(netns.substr(0, netns.find(','))).value_or(0);
}

std::vector<Fact> ReadConntrackFullLog(const SnapshotLabel& label, const std::string& path) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!fd.valid()) {
    return {label.Missing("kernel-log", SystemError(path, errno))};
  }
  protocol::Counters counters{label.moment, label.where, {}};
  std::array<char, kMaxRecord> buffer{};
  const auto until = steady_clock::now() + kBudget;
  while (steady_clock::now() < until) {
    const ssize_t count = read(fd.get(), buffer.data(), buffer.size());
    if (count < 0 && (errno == EPIPE || errno == EINTR)) {
      continue;  // EPIPE: that record was overwritten meanwhile, the next one is there.
    }
    if (count <= 0) {
      break;  // EAGAIN: that was the last one.
    }
    const auto netns = ParseConntrackFullLine({buffer.data(), static_cast<std::size_t>(count)});
    if (netns && counters.values.size() < kMaxNamespaces) {
      ++counters.values["KernelLog.ConntrackFull." + std::to_string(*netns)];
    }
  }
  return {std::move(counters)};
}

}  // namespace netcheck::probe
