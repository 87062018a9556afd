#pragma once

#include <string_view>

namespace netcheck::gather {

/// Whether a probe's HTTP header seems to carry a credential, by its name (Authorization, Cookie,
/// X-Api-Key, X-...-Token ...) or because its value has the form of one ("Bearer ..."). Such a
/// header stays on the user's machine.
bool IsCredential(std::string_view name, std::string_view value);

}  // namespace netcheck::gather
