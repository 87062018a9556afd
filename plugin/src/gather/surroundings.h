#pragma once

#include "gather/find_target.h"
#include "kube/api.h"
#include "model/evidence.h"

namespace netcheck::gather {

/// Fills what surrounds the target: node ports, services, events, server version. Nothing here
/// ends the run: what can't be read is added to not_seen, with the right that would be needed.
void ReadSurroundings(kube::Api& api, const Target& target, model::Evidence& evidence);

/// Lists the pods of the target's node, where the probe's report tells of sockets in pods: they are
/// to have names. What can't be read is added to not_seen.
void ReadNeighbours(kube::Api& api, model::Evidence& evidence);

}  // namespace netcheck::gather
