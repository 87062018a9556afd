#include "kube/status.h"

#include <doctest/doctest.h>

#include "protocol/json.h"

namespace netcheck::kube {
namespace {

constexpr const char* kAsked = "GET https://k:6443/api/v1/pods";

std::string Status(int code, const std::string& reason, const std::string& message) {
  return Json{{"kind", "Status"},
              {"apiVersion", "v1"},
              {"status", "Failure"},
              {"code", code},
              {"reason", reason},
              {"message", message}}
      .dump();
}

TEST_CASE("status: the HTTP status decides, the server's words are kept") {
  const std::vector<std::pair<int, Failure>> expected = {{400, Failure::kInvalid},
                                                         {401, Failure::kUnauthorized},
                                                         {403, Failure::kForbidden},
                                                         {404, Failure::kNotFound},
                                                         {409, Failure::kConflict},
                                                         {410, Failure::kServer},
                                                         {422, Failure::kInvalid},
                                                         {429, Failure::kServer},
                                                         {500, Failure::kServer},
                                                         {504, Failure::kServer}};
  for (const auto& [code, failure] : expected) {
    const ApiError error = DecodeFailure(code, Status(code, "Why", "pods \"web\" is so"), kAsked);
    CHECK(error.failure == failure);
    CHECK(error.http_status == code);
    CHECK(error.reason == "Why");
    CHECK(error.message == "pods \"web\" is so");
  }
}

TEST_CASE("status: one without a message") {
  const ApiError error =
      DecodeFailure(500, R"({"kind":"Status","reason":"InternalError"})", kAsked);
  CHECK(error.message == "GET https://k:6443/api/v1/pods failed: HTTP 500 InternalError");
}

TEST_CASE("status: an answer that isn't the API server's") {
  const auto message = [](const std::string& body) {
    return DecodeFailure(502, body, kAsked).message;
  };
  CHECK(message("<html><head><title>Bad \n Gateway</title>") ==
        "GET https://k:6443/api/v1/pods was answered with HTTP 502 and the HTML page \"Bad "
        "Gateway\", not by a Kubernetes API server: check the server address, and whether a proxy "
        "or a login page stands in front of it");
  CHECK(message("<html>").find("and an HTML page,") != std::string::npos);
  CHECK(message("").find("and an empty body,") != std::string::npos);
  CHECK(message(" \x1b[31mred\n\tred ").find("and \"[31mred red\",") != std::string::npos);
  CHECK(message(R"({"kind":"Pod"})").find(R"(and "{"kind":"Pod"}",)") != std::string::npos);
  CHECK(message(R"({"kind":7})").find("not by a Kubernetes API server") != std::string::npos);
  CHECK(message("[1]").find("not by a Kubernetes API server") != std::string::npos);
}

TEST_CASE("status: long answers are cut between characters") {
  const std::string letters(159, 'x');
  const std::string message = DecodeFailure(502, letters + "\xC3\xA4\xC3\xA4yz", kAsked).message;
  CHECK(message.find("x\xC3\xA4...\",") != std::string::npos);
}

TEST_CASE("status: a path that the API server doesn't know") {
  const ApiError error = DecodeFailure(404, "404 page not found\n", kAsked);
  CHECK(error.failure == Failure::kNotFound);
  CHECK(error.message == "GET https://k:6443/api/v1/pods: the API server has no such resource");
}

}  // namespace
}  // namespace netcheck::kube
