#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/evidence.h"

// Pure decoders of what stands around the target pod.
namespace netcheck::gather {

model::Node DecodeNode(const model::Json& node);

/// Why no pod can be started on this node: NotReady, not Linux; "" when it can.
std::string WhyUnusable(const model::Json& node);

/// All NodePorts of a v1.ServiceList, health check node ports included.
std::vector<model::NodePort> DecodeNodePorts(const model::Json& services);

/// The Services of a v1.ServiceList in `namespace_name` whose selector matches `labels`.
std::vector<model::Service> DecodeServices(const model::Json& services,
                                           const std::string& namespace_name,
                                           const std::map<std::string, std::string>& labels);

/// Sets pod_is_ready_endpoint from a discovery.k8s.io/v1 EndpointSliceList.
void MarkReadyEndpoints(const model::Json& slices,
                        const std::string& pod_uid,
                        std::vector<model::Service>& services);

/// The pods of a v1.PodList that have not ended: the addresses of ended ones may be others' now.
std::vector<model::Neighbour> DecodeNeighbours(const model::Json& pods);

/// What kubelet reported about the pod's probes, oldest first, from a v1.EventList. Events of an
/// earlier pod of the same name have another UID and are left out; kubelet's events about a static
/// pod carry its config.hash.
std::vector<model::ProbeEvent> DecodeProbeEvents(const model::Json& events, const model::Pod& pod);

}  // namespace netcheck::gather
