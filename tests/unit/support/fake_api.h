#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "kube/api.h"
#include "protocol/json_fields.h"

namespace netcheck::test {

using kube::ApiError;
using kube::ApiResult;
using kube::Json;

/// What one watch or log request delivers, and how it ends.
struct Body {
  std::vector<std::string> pieces;
  std::optional<ApiError> error;
  /// Runs before the first piece: what happens in the cluster meanwhile.
  std::function<void()> before;
};

inline ApiError NotFound(const std::string& what) {
  return {kube::Failure::kNotFound, 404, "NotFound", what + " not found"};
}

inline ApiError Forbidden(const std::string& what) {
  return {kube::Failure::kForbidden, 403, "Forbidden", what + " is forbidden"};
}

inline ApiError Lost() {
  return {kube::Failure::kUnreachable, 0, "", "connection lost"};
}

/// An API server in memory: objects by path, lists made of what lies below a path, scripted
/// streams.
class FakeApi : public kube::Api {
 public:
  std::map<std::string, Json> objects;
  /// "get /path", "create /path", "delete /path": answered with this instead; "get *" for all.
  std::map<std::string, ApiError> failures;
  std::deque<Body> watches;
  std::deque<Body> logs;
  std::vector<kube::Request> requests;
  /// Rights that an access review denies: "create pods netcheck".
  std::vector<std::string> denied;
  /// Called for each object that is created for real.
  std::function<void(const std::string& path, Json& object)> on_create;

  ApiResult<Json> Call(const kube::Request& request) override {
    requests.push_back(request);
    if (const auto error = Failure(request)) {
      return *error;
    }
    switch (request.verb) {
      case kube::Verb::kGet:
        return Read(request.path);
      case kube::Verb::kCreate:
        return Create(request);
      case kube::Verb::kDelete:
        break;
    }
    return objects.erase(request.path) == 0 ? ApiResult<Json>(NotFound(request.path))
                                            : Json::object();
  }

  ApiResult<void> Stream(const kube::Request& request,
                         const std::function<bool(std::string_view)>& on_data,
                         std::chrono::milliseconds /*idle_limit*/) override {
    requests.push_back(request);
    std::deque<Body>& bodies = request.path.ends_with("/log") ? logs : watches;
    if (bodies.empty()) {
      return Lost();
    }
    const Body body = std::move(bodies.front());
    bodies.pop_front();
    if (body.before) {
      body.before();
    }
    for (const std::string& piece : body.pieces) {
      if (!on_data(piece)) {
        return {};
      }
    }
    return body.error ? ApiResult<void>(*body.error) : ApiResult<void>();
  }

  /// Requests made with this verb, for counting.
  [[nodiscard]] std::vector<kube::Request> Made(kube::Verb verb,
                                                const std::string& path_part) const {
    std::vector<kube::Request> made;
    for (const kube::Request& request : requests) {
      if (request.verb == verb && request.path.find(path_part) != std::string::npos) {
        made.push_back(request);
      }
    }
    return made;
  }

 private:
  std::optional<ApiError> Failure(const kube::Request& request) const {
    const char* verbs[] = {"get ", "create ", "delete "};
    const std::string verb = verbs[static_cast<int>(request.verb)];
    for (const std::string& key : {verb + request.path, verb + "*"}) {
      if (const auto it = failures.find(key); it != failures.end()) {
        return it->second;
      }
    }
    return std::nullopt;
  }

  ApiResult<Json> Read(const std::string& path) const {
    if (const auto it = objects.find(path); it != objects.end()) {
      return it->second;
    }
    const std::string kind = path.substr(path.rfind('/') + 1);
    if (kind != "pods" && kind != "namespaces" && kind != "services" && kind != "events" &&
        kind != "endpointslices" && kind != "nodes") {
      return NotFound(path);
    }
    Json items = Json::array();
    const std::string all = path.substr(0, path.rfind('/'));
    for (const auto& [name, object] : objects) {
      const bool in_list = name.starts_with(path + "/") ||
                           (all == "/api/v1" && name.find("/" + kind + "/") != std::string::npos);
      if (in_list &&
          (kind != "namespaces" || name.find('/', path.size() + 1) == std::string::npos)) {
        items.push_back(object);
      }
    }
    return Json{{"items", items}};
  }

  ApiResult<Json> Create(const kube::Request& request) {
    if (request.path.ends_with("selfsubjectaccessreviews")) {
      const Json& a = request.body["spec"]["resourceAttributes"];
      const std::string sub = protocol::GetString(a, "subresource");
      const std::string right =
          protocol::GetString(a, "verb") + " " + protocol::GetString(a, "resource") +
          (sub.empty() ? "" : "/" + sub) + " " + protocol::GetString(a, "namespace");
      bool allowed = true;
      for (const std::string& other : denied) {
        allowed = allowed && other != right;
      }
      return Json{{"status", {{"allowed", allowed}}}};
    }
    Json object = request.body;
    if (request.query.empty()) {
      object["metadata"]["resourceVersion"] = "1";
      const std::string path = request.path + "/" + protocol::GetString(object["metadata"], "name");
      if (on_create) {
        on_create(path, object);
      }
      objects[path] = object;
    }
    return object;
  }
};

}  // namespace netcheck::test
