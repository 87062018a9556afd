#pragma once

#include <string>
#include <vector>

namespace netcheck::gather {

/// At most three of `names` that the user may have meant by `wanted`, the likeliest first: names
/// that begin with it (a Deployment's pods), then those that differ by a typing error or two.
std::vector<std::string> NearNames(const std::string& wanted, std::vector<std::string> names);

/// "; did you mean a, b or c?", "" for none.
std::string DidYouMean(const std::vector<std::string>& names);

}  // namespace netcheck::gather
