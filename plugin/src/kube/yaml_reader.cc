#include "kube/yaml_reader.h"

#include <cstdint>

#include "protocol/base64.h"
#include "protocol/json.h"

namespace netcheck::kube {
namespace {

using protocol::Json;

/// An alias can stand for more than the file is long, and even for what it is a part of.
constexpr int kMaxDepth = 100;
constexpr int kMaxValues = 10'000;

bool IsAbsent(const YAML::Node& node) {
  return !node.IsDefined() || node.IsNull();
}

Json ScalarToJson(const YAML::Node& node) {
  const bool quoted = node.Tag() == "!";
  std::int64_t whole = 0;
  double number = 0;
  bool flag = false;
  if (quoted) {
    return node.Scalar();
  }
  if (YAML::convert<std::int64_t>::decode(node, whole)) {
    return whole;
  }
  if (YAML::convert<double>::decode(node, number)) {
    return number;
  }
  // Of YAML 1.1's many booleans only these are ones for Kubernetes' JSON.
  if ((node.Scalar() == "true" || node.Scalar() == "false") &&
      YAML::convert<bool>::decode(node, flag)) {
    return flag;
  }
  return node.Scalar();
}

// NOLINTNEXTLINE(misc-no-recursion): bounded.
Json Convert(const YAML::Node& node, int depth_left, int& values_left) {
  if (IsAbsent(node)) {
    return nullptr;
  }
  if (depth_left == 0 || --values_left < 0) {
    throw YAML::Exception(node.Mark(), "too much is nested here, perhaps by an alias");
  }
  if (node.IsSequence()) {
    Json list = Json::array();
    for (const YAML::Node& item : node) {
      list.push_back(Convert(item, depth_left - 1, values_left));
    }
    return list;
  }
  if (node.IsMap()) {
    Json map = Json::object();
    for (const auto& field : node) {
      map[field.first.Scalar()] = Convert(field.second, depth_left - 1, values_left);
    }
    return map;
  }
  return ScalarToJson(node);
}

}  // namespace

YAML::Node YamlReader::Field(const YAML::Node& map, const char* key) {
  if (IsAbsent(map)) {
    return {};
  }
  if (!map.IsMap()) {
    Fail(map.Mark(), std::string("a map with \"") + key + "\" is expected here");
    return {};
  }
  const YAML::Node value = map[key];
  return IsAbsent(value) ? YAML::Node() : value;
}

YAML::Node YamlReader::Map(const YAML::Node& map, const char* key) {
  YAML::Node value = Field(map, key);
  if (!value.IsNull() && !value.IsMap()) {
    Fail(value.Mark(), std::string(key) + " must be a map");
    return {};
  }
  return value;
}

std::vector<YAML::Node> YamlReader::List(const YAML::Node& map, const char* key) {
  const YAML::Node value = Field(map, key);
  if (value.IsNull()) {
    return {};
  }
  if (!value.IsSequence()) {
    Fail(value.Mark(), std::string(key) + " must be a list");
    return {};
  }
  return {value.begin(), value.end()};
}

std::string YamlReader::Text(const YAML::Node& map, const char* key) {
  const YAML::Node value = Field(map, key);
  if (value.IsNull()) {
    return {};
  }
  if (!value.IsScalar()) {
    Fail(value.Mark(), std::string(key) + " must be a text");
    return {};
  }
  return value.Scalar();
}

std::vector<std::string> YamlReader::Texts(const YAML::Node& map, const char* key) {
  std::vector<std::string> texts;
  for (const YAML::Node& item : List(map, key)) {
    if (!item.IsScalar()) {
      Fail(item.Mark(), std::string("each of ") + key + " must be a text");
      return {};
    }
    texts.push_back(item.Scalar());
  }
  return texts;
}

bool YamlReader::Flag(const YAML::Node& map, const char* key) {
  const YAML::Node value = Field(map, key);
  if (value.IsNull()) {
    return false;
  }
  if (!value.IsScalar() || (value.Scalar() != "true" && value.Scalar() != "false")) {
    Fail(value.Mark(), std::string(key) + " must be true or false");
    return false;
  }
  return value.Scalar() == "true";
}

std::string YamlReader::Data(const YAML::Node& map, const char* key) {
  auto decoded = protocol::Base64Decode(Text(map, key));
  if (!decoded) {
    Fail(Field(map, key).Mark(), std::string(key) + " is not valid base64");
    return {};
  }
  return *std::move(decoded);
}

void YamlReader::Fail(const YAML::Mark& mark, const std::string& what) {
  if (error_) {
    return;
  }
  const std::string line = mark.is_null() ? "" : ":" + std::to_string(mark.line + 1);
  error_ = protocol::Error{path_ + line + ": " + what, 0};
}

Json ToJson(const YAML::Node& node) {
  int values_left = kMaxValues;
  return Convert(node, kMaxDepth, values_left);
}

}  // namespace netcheck::kube
