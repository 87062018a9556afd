#pragma once

#include <string>

#include "protocol/json_fwd.h"
#include "protocol/plan.h"

// A v1.Probe (staging/src/k8s.io/api/core/v1/types.go) as kubelet reads it.
namespace netcheck::protocol {

/// The port of a probe (pkg/probe/util.go, ResolveContainerPort).
struct ProbePort {
  std::string text;  ///< As written: "8080" or "http".
  int number = 0;    ///< 0: none, and `error` says why in kubelet's words.
  std::string error;
};

/// With the API server's defaults (pkg/apis/core/v1/defaults.go).
struct V1Probe {
  CheckKind kind = CheckKind::kUnknown;  ///< kUnknown: none of the actions below.
  std::string host;                      ///< Of httpGet or tcpSocket; "": the pod's IP.
  ProbePort port;                        ///< Not of exec.
  HttpRequest http;                      ///< Without a user agent.
  GrpcRequest grpc;                      ///< Likewise.
  ExecRequest exec;
  int initial_delay_s = 0;
  int timeout_s = 1;
  int period_s = 10;
  int success_threshold = 1;
  int failure_threshold = 3;
};

/// `container` is the v1.Container that the probe belongs to; an empty object where it is not
/// known: then a port can't be named, and nothing is expanded.
V1Probe ReadV1Probe(const Json& probe, const Json& container);

/// "kube-probe/1.34", from kubelet's or else the API server's version ("v1.34.4").
std::string KubeletUserAgent(const std::string& version);

}  // namespace netcheck::protocol
