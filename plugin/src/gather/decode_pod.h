#pragma once

#include <map>
#include <string>

#include "model/evidence.h"

namespace netcheck::gather {

/// A v1.Pod as far as netcheck needs it. Probes are decoded by decode_probes.h.
model::Pod DecodePod(const model::Json& pod);

/// metadata.labels
std::map<std::string, std::string> DecodeLabels(const model::Json& pod);

/// Why kubelet makes no probes of this pod that could be looked at: it has ended, has no node or no
/// IP, or none of its containers was started yet; "" when it does. One sentence that begins with
/// the pod's name.
std::string WhyNotProbed(const model::Json& pod);

}  // namespace netcheck::gather
