#pragma once

#include <map>
#include <string>
#include <vector>

#include "gather/decode_probes.h"
#include "kube/api.h"
#include "model/evidence.h"
#include "protocol/result.h"

namespace netcheck::gather {

struct Target {
  model::Pod pod;
  std::map<std::string, std::string> labels;
  std::vector<ProbeSpec> probes;
  model::Node node;  ///< Only its name when it could not be read.
  std::vector<model::NotSeen> not_seen;
};

struct TargetError {
  std::string message;  ///< One sentence.
  /// The user may not even read the pod: the missing rights are worth listing.
  bool forbidden = false;
};

/// Reads the pod and its node, and makes sure that there is something to check.
protocol::Result<Target, TargetError> FindTarget(kube::Api& api,
                                                 const std::string& namespace_name,
                                                 const std::string& pod_name);

}  // namespace netcheck::gather
