#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace netcheck::kube {

/// For the end of a sentence on a name that doesn't exist: "known are a, b and 3 more", the ones
/// most like `wanted` first; "none is known" where the list is empty.
std::string KnownNames(std::string_view wanted, std::vector<std::string> known);

}  // namespace netcheck::kube
