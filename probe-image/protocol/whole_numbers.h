#pragma once

#include <algorithm>

#include "protocol/json.h"

namespace netcheck::protocol {

/// Whether a number in it is not whole. Plans and facts have none, and one that is beyond an
/// integer's range must not be converted to one.
inline bool HasFraction(const Json& json) {
  return json.is_number_float() ||
         (json.is_structured() && std::any_of(json.begin(), json.end(), HasFraction));
}

}  // namespace netcheck::protocol
