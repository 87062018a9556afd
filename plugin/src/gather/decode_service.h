#pragma once

#include <string>
#include <vector>

#include "model/evidence.h"

// Pure decoders of a Service and its EndpointSlices.
namespace netcheck::gather {

/// A v1.Service with its TCP ports, or only the one that `port_choice` names: a number or a name;
/// "": all. Without endpoints and ways.
model::ServiceTarget DecodeServiceTarget(const model::Json& service,
                                         const std::string& port_choice);

/// Why nothing can be connected to: it is an ExternalName, has no TCP port, or none that is called
/// `port_choice`; "" when something can. One sentence.
std::string WhyNotConnectable(const model::Json& service, const std::string& port_choice);

/// Ports that are left out because TCP is not their protocol: "53/UDP"; those of the choice only.
std::vector<std::string> OtherPorts(const model::Json& service, const std::string& port_choice);

/// The endpoints behind the Service's ports, each address and port once, by address, from a
/// discovery.k8s.io/v1 EndpointSliceList.
std::vector<model::ServiceEndpoint> DecodeEndpoints(const model::Json& slices,
                                                    const model::ServiceTarget& service);

}  // namespace netcheck::gather
