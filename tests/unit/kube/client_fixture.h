#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <string>

#include "kube/client.h"
#include "unit/kube/loopback_server.h"
#include "unit/kube/test_certificate.h"

// What the tests of the client share.
namespace netcheck::kube {

inline const Request kGetPods{Verb::kGet, "/api/v1/pods", {}, {}};

inline int NotInterrupted() {
  return 0;
}

inline std::unique_ptr<Api> MustConnect(const Connection& connection,
                                        std::function<int()> interrupted = NotInterrupted) {
  auto api = Connect(connection, std::move(interrupted));
  if (!api) {
    FAIL(api.error().message);
  }
  return std::move(api).value();
}

inline ApiError FailureOf(const Connection& connection, const Request& request = kGetPods) {
  const auto answer = MustConnect(connection)->Call(request);
  REQUIRE_FALSE(answer.ok());
  return answer.error();
}

inline bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

inline Connection To(const LoopbackServer& server) {
  Connection connection;
  connection.server = server.url();
  connection.user = "ann";
  return connection;
}

/// An authority, and a server's certificate for 127.0.0.1 and api.example by it.
struct Trust {
  TestCertificate authority = Issue({.common_name = "authority", .authority = true});
  TestCertificate server = Issue({.alternative_names = "IP:127.0.0.1,DNS:api.example"}, &authority);
};

inline Connection To(const LoopbackServer& server, const Trust& trust) {
  Connection connection = To(server);
  connection.certificate_authority = trust.authority.certificate;
  return connection;
}

inline void AnswerEmpty(const std::string& /*request*/, Peer& peer) {
  peer.Answer(200, "{}");
}

}  // namespace netcheck::kube
