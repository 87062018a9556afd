#pragma once

#include <string>

#include "protocol/json_fwd.h"

// API objects as a server returns them.
namespace netcheck::test {

using protocol::Json;

inline Json ParseJson(const char* text) {
  return Json::parse(text);
}

/// A running pod with one HTTP readiness probe on a named port.
inline Json WebPod() {
  return ParseJson(R"({
    "metadata": {"name": "web", "namespace": "default", "uid": "11111111-2222-3333-4444-555555555555",
                 "labels": {"app": "web", "tier": "front"}},
    "spec": {"nodeName": "node-a", "containers": [{
        "name": "app", "image": "web:1",
        "ports": [{"name": "http", "containerPort": 8080}],
        "readinessProbe": {"httpGet": {"path": "/healthz", "port": "http"}, "timeoutSeconds": 2}}]},
    "status": {"phase": "Running", "podIP": "10.0.0.5", "podIPs": [{"ip": "10.0.0.5"}, {"ip": "fd00::5"}],
      "containerStatuses": [{"name": "app", "containerID": "containerd://abc", "ready": true,
        "started": true, "restartCount": 2,
        "state": {"running": {"startedAt": "2026-01-02T03:04:05Z"}}}]}})");
}

inline Json ReadyNode() {
  return ParseJson(R"({
    "metadata": {"name": "node-a"},
    "status": {"conditions": [{"type": "Ready", "status": "True"}],
      "addresses": [{"type": "InternalIP", "address": "192.0.2.1"}, {"type": "Hostname", "address": "node-a"}],
      "nodeInfo": {"operatingSystem": "linux", "kubeletVersion": "v1.34.4", "kernelVersion": "6.1.0",
        "osImage": "Debian", "containerRuntimeVersion": "containerd://1.6.20"}}})");
}

/// The first container's state of a probe pod.
inline Json WithState(Json pod, const std::string& phase, const char* state) {
  pod["status"] = {
      {"phase", phase},
      {"containerStatuses", Json::array({{{"name", "probe"}, {"state", ParseJson(state)}}})}};
  return pod;
}

inline std::string WatchLine(const char* type, const Json& object) {
  return Json{{"type", type}, {"object", object}}.dump() + "\n";
}

}  // namespace netcheck::test
