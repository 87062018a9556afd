#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace netcheck::kube {

/// --request-timeout as kubectl takes it: whole seconds ("30") or Go's durations ("1m30s",
/// "500ms", "1.5h"). nullopt: neither, or negative.
std::optional<std::chrono::milliseconds> ParseRequestTimeout(std::string_view text);

}  // namespace netcheck::kube
