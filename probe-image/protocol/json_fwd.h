#pragma once

#include <nlohmann/json_fwd.hpp>

// The name alone, for declarations: protocol/json.h costs whoever includes it two seconds to
// compile.
namespace netcheck::protocol {
using Json = nlohmann::json;
}  // namespace netcheck::protocol
