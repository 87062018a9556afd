#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>

#include "protocol/json.h"

// Fields of objects of the Kubernetes API. A field that is absent or of another type than
// asked for reads as empty: what a server leaves out or answers wrongly must not end the program.
namespace netcheck::protocol {

inline const Json& GetObject(const Json& object, const char* key) {
  static const Json kEmpty = Json::object();
  const auto it = object.find(key);
  return it != object.end() && it->is_object() ? *it : kEmpty;
}

inline const Json& GetArray(const Json& object, const char* key) {
  static const Json kEmpty = Json::array();
  const auto it = object.find(key);
  return it != object.end() && it->is_array() ? *it : kEmpty;
}

inline std::string GetString(const Json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get<std::string>() : std::string();
}

inline int GetInt(const Json& object, const char* key, int fallback = 0) {
  const auto it = object.find(key);
  if (it == object.end() || !it->is_number_integer()) {
    return fallback;
  }
  return static_cast<int>(std::clamp<std::int64_t>(
      it->get<std::int64_t>(), std::numeric_limits<int>::min(), std::numeric_limits<int>::max()));
}

inline bool GetBool(const Json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_boolean() && it->get<bool>();
}

}  // namespace netcheck::protocol
