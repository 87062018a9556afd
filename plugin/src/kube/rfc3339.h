#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace netcheck::kube {

/// metav1.Time: "2026-01-02T03:04:05Z", with a fraction (dropped) or an offset such as +02:00.
/// Seconds since 1970-01-01 UTC; nullopt: not of that form.
std::optional<std::int64_t> ParseRfc3339(std::string_view text);

}  // namespace netcheck::kube
