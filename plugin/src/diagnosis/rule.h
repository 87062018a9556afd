#pragma once

#include <vector>

#include "diagnosis/digest.h"
#include "diagnosis/finding.h"

// A rule names one family of causes. It is a pure function: evidence in, findings out, none when
// the evidence does not carry one. To add a rule, write rules/NAME.cc, declare its function here
// and put it into the list in rules.cc; the order there is the order of preference between rules
// that claim the same attempts with the same certainty.
namespace netcheck::diagnosis {

using Rule = std::vector<Finding> (*)(const Digest&);

/// All rules in order of preference.
const std::vector<Rule>& Rules();

std::vector<Finding> Listening(const Digest& digest);
std::vector<Finding> AcceptQueueFull(const Digest& digest);
std::vector<Finding> IpvsNodePort(const Digest& digest);
std::vector<Finding> ConntrackFull(const Digest& digest);
std::vector<Finding> TwRecycle(const Digest& digest);
std::vector<Finding> HandshakeLost(const Digest& digest);
std::vector<Finding> PortName(const Digest& digest);
std::vector<Finding> HttpStatus(const Digest& digest);
std::vector<Finding> GrpcHealth(const Digest& digest);
std::vector<Finding> SlowAnswer(const Digest& digest);
std::vector<Finding> SlowCommand(const Digest& digest);
std::vector<Finding> CommandFailed(const Digest& digest);

}  // namespace netcheck::diagnosis
