#pragma once

#include "unit/support/pods.h"

// A Service and its EndpointSlice as a server returns them.
namespace netcheck::test {

inline Json WebService() {
  return ParseJson(R"({
    "metadata": {"name": "web", "namespace": "default"},
    "spec": {"type": "NodePort", "selector": {"app": "web"},
      "clusterIP": "10.96.0.10", "clusterIPs": ["10.96.0.10", "fd00:96::a"],
      "internalTrafficPolicy": "Cluster", "externalTrafficPolicy": "Local",
      "sessionAffinity": "ClientIP",
      "ports": [
        {"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP", "nodePort": 30080},
        {"name": "dns", "port": 53, "protocol": "UDP"}]}})");
}

/// Two ready endpoints on node-b and node-a, one on node-c that is not.
inline Json WebSlices() {
  return ParseJson(R"({"items": [
    {"metadata": {"labels": {"kubernetes.io/service-name": "web"}}, "addressType": "IPv4",
     "ports": [{"name": "http", "port": 8080, "protocol": "TCP"},
               {"name": "dns", "port": 5353, "protocol": "UDP"}],
     "endpoints": [
       {"addresses": ["10.244.1.6"], "nodeName": "node-b", "conditions": {"ready": true},
        "targetRef": {"kind": "Pod", "name": "web-2"}},
       {"addresses": ["10.244.0.5"], "nodeName": "node-a",
        "targetRef": {"kind": "Pod", "name": "web-1"}},
       {"addresses": ["10.244.2.7"], "nodeName": "node-c", "conditions": {"ready": false}}]},
    {"metadata": {"labels": {"kubernetes.io/service-name": "web"}}, "addressType": "IPv4",
     "ports": [{"name": "http", "port": 8080}],
     "endpoints": [{"addresses": ["10.244.0.5"], "nodeName": "node-a"}]}]})");
}

}  // namespace netcheck::test
