#pragma once

#include <string_view>

#include "protocol/result.h"

namespace netcheck::probe {

/// "WHAT: No such file or directory", with the number.
protocol::Error SystemError(std::string_view what, int error_number);

}  // namespace netcheck::probe
