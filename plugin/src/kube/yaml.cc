#include "kube/yaml.h"

#include <yaml-cpp/yaml.h>

#include <string>

#include "protocol/json.h"

namespace netcheck::kube {
namespace {

using protocol::Json;

Json Scalar(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!" || node.Tag() == "tag:yaml.org,2002:str") {
    return text;
  }
  if (text == "true" || text == "false") {
    return text == "true";
  }
  // Numbers of the core schema are the JSON ones as far as manifests use them.
  const Json number = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  return number.is_number() ? number : Json(text);
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the document, which is our own or the user's file.
Json Convert(const YAML::Node& node) {
  switch (node.Type()) {
    case YAML::NodeType::Scalar:
      return Scalar(node);
    case YAML::NodeType::Sequence: {
      Json array = Json::array();
      for (const YAML::Node& element : node) {
        array.push_back(Convert(element));
      }
      return array;
    }
    case YAML::NodeType::Map: {
      Json object = Json::object();
      for (const auto& entry : node) {
        object[entry.first.Scalar()] = Convert(entry.second);
      }
      return object;
    }
    case YAML::NodeType::Null:
    case YAML::NodeType::Undefined:
      break;
  }
  return nullptr;
}

}  // namespace

protocol::Result<Json> JsonFromYaml(std::string_view text) {
  try {
    return Convert(YAML::Load(std::string(text)));
  } catch (const YAML::Exception& e) {
    return protocol::Error{std::string("YAML: ") + e.what()};
  }
}

}  // namespace netcheck::kube
