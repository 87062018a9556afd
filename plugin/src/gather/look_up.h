#pragma once

#include <string>
#include <vector>

#include "kube/api.h"
#include "model/evidence.h"

// Looking for objects that a user named.
namespace netcheck::gather {

/// The API server knows of no such object.
bool IsMissingObject(const kube::ApiError& error);

/// Names of a list; empty when listing is not allowed.
std::vector<std::string> ListNames(kube::Api& api, const std::string& path);

/// Why there is no object `name`: the server is none, the namespace does not exist, or "pod "x" not
/// found in namespace "y"; did you mean z?". `list_path` lists what the name may have been meant
/// to be.
std::string ExplainMissing(kube::Api& api,
                           const std::string& namespace_name,
                           const std::string& kind,
                           const std::string& name,
                           const std::string& list_path);

struct NodeLookUp {
  model::Node node;      ///< Only its name when it could not be read.
  bool known = false;    ///< It could be read.
  bool missing = false;  ///< It does not exist.
  std::string problem;   ///< Why no pod can be started there; "" when it can, or nobody knows.
  std::vector<model::NotSeen> not_seen;
};

NodeLookUp ReadNode(kube::Api& api, const std::string& name);

}  // namespace netcheck::gather
