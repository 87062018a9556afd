#pragma once

#include <yaml-cpp/yaml.h>

#include <optional>
#include <string>
#include <vector>

#include "protocol/json_fwd.h"
#include "protocol/result.h"

namespace netcheck::kube {

/// Takes typed fields out of a YAML tree. What isn't as asked gives the field's default and is
/// kept as the error, the first one with its line, so that callers ask once, at the end.
class YamlReader {
 public:
  explicit YamlReader(std::string path) : path_(std::move(path)) {}

  /// The value of `key`; a null node where it is absent or `map` is null.
  YAML::Node Field(const YAML::Node& map, const char* key);
  /// As Field(), for a map and for the items of a list.
  YAML::Node Map(const YAML::Node& map, const char* key);
  std::vector<YAML::Node> List(const YAML::Node& map, const char* key);

  std::string Text(const YAML::Node& map, const char* key);
  std::vector<std::string> Texts(const YAML::Node& map, const char* key);
  bool Flag(const YAML::Node& map, const char* key);
  /// Base64, decoded.
  std::string Data(const YAML::Node& map, const char* key);

  void Fail(const YAML::Mark& mark, const std::string& what);
  [[nodiscard]] const std::optional<protocol::Error>& error() const { return error_; }

 private:
  std::string path_;
  std::optional<protocol::Error> error_;
};

/// Any YAML as JSON; plain scalars get the types of YAML's core schema. Throws YAML::Exception
/// where aliases make too much of it, or a value contains itself.
protocol::Json ToJson(const YAML::Node& node);

}  // namespace netcheck::kube
