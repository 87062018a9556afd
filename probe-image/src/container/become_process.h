#pragma once

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "container/process_spec.h"

namespace netcheck::probe {

/// The three standard streams of a process.
using StandardStreams = std::array<int, 3>;

/// Turns this process, a child that is in the container's namespaces already, into one of the
/// container: streams, session, limits, labels, working directory, user, groups and capabilities,
/// and the environment that it is to have. All other descriptors but `keep` are closed.
/// Returns "", or the step that failed and why.
std::string BecomeProcess(const ProcessSpec& spec,
                          const StandardStreams& streams,
                          int& keep,
                          std::vector<std::string>& environment);

}  // namespace netcheck::probe
