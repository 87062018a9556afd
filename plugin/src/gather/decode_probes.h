#pragma once

#include <string>
#include <vector>

#include "model/evidence.h"
#include "protocol/plan.h"

namespace netcheck::gather {

/// A probe with what the check needs and evidence must not hold.
struct ProbeSpec {
  model::Probe probe;
  std::vector<protocol::Header> headers;  ///< Without the withheld ones.
  std::vector<std::string> command;       ///< After kubelet's expansion of $(VAR).
  std::string http_host;                  ///< httpGet.host as written; "": the pod's IP.
};

/// The probes of all regular containers and sidecars, with the API server's defaults
/// (pkg/apis/core/v1/defaults.go) and ports resolved as kubelet resolves them (pkg/probe/util.go):
/// a number as it is; a name by the ports of the same container, else as a decimal number.
std::vector<ProbeSpec> DecodeProbes(const model::Json& pod);

}  // namespace netcheck::gather
