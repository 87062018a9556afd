#pragma once

namespace netcheck::protocol {

/// Version of the contract between plugin and probe. It rises when a fact changes its meaning;
/// new fields and new kinds of facts don't raise it: readers ignore what they don't know and give
/// absent fields their defaults. A plugin reads every version up to its own.
inline constexpr int kProtocolVersion = 1;

/// Version of the product; plugin and probe are built and released together.
inline constexpr const char* kNetcheckVersion = "0.1.0";

}  // namespace netcheck::protocol
