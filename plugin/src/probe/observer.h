#pragma once

#include <string>
#include <string_view>

namespace netcheck::probe_pod {

/// Whoever watches a run. Called from the thread that runs it.
class Observer {
 public:
  virtual ~Observer() = default;

  /// A new step began: "waiting for node-a to start the probe pod".
  virtual void Step(const std::string& what) = 0;
  /// Attempts made so far, of those planned.
  virtual void Attempts(int tried, int planned) = 0;
  /// A line of the probe's log that was not seen before.
  virtual void Line(std::string_view line) = 0;
  /// Something that the user should know and that does not end the run.
  virtual void Warning(const std::string& what) = 0;
};

}  // namespace netcheck::probe_pod
