#pragma once

#include <string_view>

#include "protocol/json_fwd.h"
#include "protocol/result.h"

namespace netcheck::kube {

/// One YAML document as JSON. Plain scalars get their YAML 1.2 core schema type, as
/// `sigs.k8s.io/yaml` reads manifests; quoted ones are strings. The error names the line.
protocol::Result<protocol::Json> JsonFromYaml(std::string_view text);

}  // namespace netcheck::kube
