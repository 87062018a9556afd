#pragma once

#include <vector>

#include "diagnosis/digest.h"
#include "diagnosis/finding.h"

// A rule names one family of causes. It is a pure function: evidence in, findings out, none when
// the evidence does not carry one. README.md tells how to add one.
namespace netcheck::diagnosis {

using Rule = std::vector<Finding> (*)(const Digest&);

/// All rules in order of preference.
const std::vector<Rule>& Rules();

}  // namespace netcheck::diagnosis
