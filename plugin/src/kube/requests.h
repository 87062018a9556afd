#pragma once

#include <string>
#include <utility>
#include <vector>

#include "kube/api.h"

// Requests and paths of the objects that netcheck touches. Names are escaped here.
namespace netcheck::kube {

using Query = std::vector<std::pair<std::string, std::string>>;

inline Request Get(std::string path, Query query = {}) {
  Request request;
  request.path = std::move(path);
  request.query = std::move(query);
  return request;
}

inline Request Create(std::string path, Json body, Query query = {}) {
  Request request = Get(std::move(path), std::move(query));
  request.verb = Verb::kCreate;
  request.body = std::move(body);
  return request;
}

inline std::string NamespacesPath() {
  return "/api/v1/namespaces";
}

inline std::string NamespacePath(const std::string& name) {
  return NamespacesPath() + "/" + Escape(name);
}

inline std::string PodsPath(const std::string& namespace_name) {
  return NamespacePath(namespace_name) + "/pods";
}

inline std::string PodPath(const std::string& namespace_name, const std::string& name) {
  return PodsPath(namespace_name) + "/" + Escape(name);
}

inline std::string ServicesPath(const std::string& namespace_name) {
  return NamespacePath(namespace_name) + "/services";
}

inline std::string ServicePath(const std::string& namespace_name, const std::string& name) {
  return ServicesPath(namespace_name) + "/" + Escape(name);
}

/// The EndpointSlices of these Services of one namespace.
inline Request ListEndpointSlices(const std::string& namespace_name,
                                  const std::vector<std::string>& services) {
  std::string names;
  for (const std::string& service : services) {
    names += (names.empty() ? "" : ",") + service;
  }
  return Get("/apis/discovery.k8s.io/v1/namespaces/" + Escape(namespace_name) + "/endpointslices",
             {{"labelSelector", "kubernetes.io/service-name in (" + names + ")"}});
}

inline std::string NodesPath() {
  return "/api/v1/nodes";
}

inline std::string NodePath(const std::string& name) {
  return NodesPath() + "/" + Escape(name);
}

}  // namespace netcheck::kube
