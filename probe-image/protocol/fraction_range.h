#pragma once

#include <algorithm>

#include "protocol/json.h"

namespace netcheck::protocol {

/// Whether a number in it is written with a fraction or exponent and is no small positive one:
/// where an integer is read from it, that is undefined beyond the integer's range. (Others are
/// taken: a field that this version does not know may have a fraction.)
inline bool HasFractionOutOfRange(const Json& json) {
  constexpr double kLimit = 2147483648.0;  // Of int.
  if (json.is_number_float()) {
    const auto number = json.get<double>();
    return !(number >= 0 && number < kLimit);
  }
  return json.is_structured() && std::any_of(json.begin(), json.end(), HasFractionOutOfRange);
}

}  // namespace netcheck::protocol
