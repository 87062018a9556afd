#include "probe/log_follower.h"

#include <variant>

#include "kube/requests.h"
#include "probe/line_splitter.h"

namespace netcheck::probe_pod {
kube::ApiResult<void> LogFollower::Read(bool follow) {
  LineSplitter lines;
  return api_.Stream(
      kube::Get(log_path_, {{"follow", follow ? "true" : "false"}}),
      [&](std::string_view data) {
        return lines.Add(data, [&](std::string_view line) { return TakeLine(line); });
      },
      kLogIdleLimit);
}

bool LogFollower::TakeLine(std::string_view line) {
  const std::int64_t last = stream_.last_number();
  const std::size_t foreign = stream_.foreign_lines().size();
  stream_.AddLine(line);
  if (stream_.foreign_lines().size() != foreign) {
    observer_.Line(line);
  }
  if (stream_.last_number() == last) {
    return !stream_.HasEnd();
  }
  observer_.Line(line);
  if (const auto fact = stream_.facts().find(stream_.last_number());
      fact != stream_.facts().end()) {
    if (const auto* heartbeat = std::get_if<protocol::Heartbeat>(&fact->second)) {
      observer_.Attempts(heartbeat->tried, heartbeat->planned);
    }
  }
  return !stream_.HasEnd();
}

}  // namespace netcheck::probe_pod
