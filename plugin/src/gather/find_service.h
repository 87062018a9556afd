#pragma once

#include <string>
#include <vector>

#include "gather/find_target.h"
#include "kube/api.h"
#include "model/evidence.h"
#include "protocol/result.h"

namespace netcheck::gather {

struct ServiceChoice {
  std::string name;
  std::string port;  ///< --port: a number or a name; "": all.
  std::string node;  ///< --node; "": netcheck chooses.
};

struct FoundService {
  model::ServiceTarget service;  ///< Without ways.
  model::Node node;              ///< To connect from; only its name when it could not be read.
  std::string server_version;    ///< "" unknown.
  std::vector<model::NotSeen> not_seen;
};

/// Reads the Service and its EndpointSlices and makes sure that there is something to connect to,
/// and a node to do that from: the one chosen, else the first ready one by name of those that host
/// a ready endpoint, else the first ready one of all.
protocol::Result<FoundService, TargetError> FindService(kube::Api& api,
                                                        const std::string& namespace_name,
                                                        const ServiceChoice& choice);

/// The endpoints as they are now.
kube::ApiResult<std::vector<model::ServiceEndpoint>> ReadEndpointsNow(
    kube::Api& api, const model::ServiceTarget& service);

}  // namespace netcheck::gather
