#include "kube/transport_error.h"

#include <fmt/format.h>
#include <openssl/x509_vfy.h>

#include <cerrno>
#include <string_view>

#include "kube/url.h"

namespace netcheck::kube {
namespace {

std::string Host(const Connection& connection) {
  const auto url = ParseUrl(connection.server);
  return url ? url->host : connection.server;
}

ApiError Unreachable(const std::string& message) {
  return {Failure::kUnreachable, 0, "", message};
}

ApiError Untrusted(const Connection& connection, const std::string& why) {
  return {Failure::kTls, 0, "", connection.server + ": " + why};
}

ApiError NoConnection(const Connection& connection, const TransportFault& fault) {
  const std::string& server = connection.server;
  switch (fault.os_errno) {
    case ECONNREFUSED:
      return Unreachable("the connection to " + server +
                         " was refused: check that the address and port are right and that the API "
                         "server runs");
    case ENETUNREACH:
    case EHOSTUNREACH:
      return Unreachable("there is no route to " + server +
                         ": check the network connection, or whether a VPN must be up");
    default:
      return Unreachable("no connection to " + server + ": " + fault.text);
  }
}

/// The server's certificate was not accepted.
ApiError BadCertificate(const Connection& connection, const TransportFault& fault) {
  switch (fault.verify_result) {
    case X509_V_OK:
      return Untrusted(
          connection,
          fmt::format(
              "the server's certificate is not valid for the name \"{}\": use a name that "
              "it is valid for as server, or --tls-server-name",
              connection.tls_server_name.empty() ? Host(connection) : connection.tls_server_name));
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return Untrusted(connection,
                       "the server's certificate has expired: renew the cluster's certificates, or "
                       "set this machine's clock if it is wrong");
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return Untrusted(connection,
                       "the server's certificate is not valid yet: check this machine's clock");
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return Untrusted(connection,
                       "the server's certificate is signed by an unknown authority: give the "
                       "cluster's authority with --certificate-authority, or fetch the kubeconfig "
                       "anew if the cluster was rebuilt");
    default:
      return Untrusted(connection,
                       fmt::format("the server's certificate was not accepted ({}): check "
                                   "certificate-authority in the kubeconfig",
                                   X509_verify_cert_error_string(fault.verify_result)));
  }
}

ApiError TlsFailed(const Connection& connection, const TransportFault& fault) {
  if (fault.text.find("wrong version number") != std::string::npos) {
    return Untrusted(connection,
                     "the server does not speak TLS: check the port, and whether the address must "
                     "begin with http://");
  }
  return Untrusted(connection, "the TLS connection failed: " + fault.text);
}

ApiError LostConnection(const Connection& connection, const TransportFault& fault) {
  if (fault.proxy_status >= 300) {
    return Unreachable(
        fmt::format("the proxy {} does not connect to {}: it answered HTTP {}; check proxy-url, "
                    "HTTPS_PROXY and "
                    "NO_PROXY",
                    connection.proxy,
                    connection.server,
                    fault.proxy_status));
  }
  return Unreachable(fmt::format("{} {}: {}",
                                 connection.server,
                                 fault.has_head ? "broke off in the middle of its answer"
                                                : "closed the connection without an answer",
                                 fault.text));
}

}  // namespace

ApiError TransportError(const Connection& connection, const TransportFault& fault) {
  switch (fault.code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return Unreachable(
          fmt::format("the name of the API server, {}, can't be resolved: check the server address "
                      "in the kubeconfig, DNS, or whether a VPN must be up",
                      Host(connection)));
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_PROXY:
      return Unreachable(
          fmt::format("the proxy {} can't be used: {}; check proxy-url and HTTPS_PROXY",
                      connection.proxy,
                      fault.text));
    case CURLE_COULDNT_CONNECT:
      return NoConnection(connection, fault);
    case CURLE_OPERATION_TIMEDOUT:
      return {
          Failure::kTimeout,
          0,
          "",
          "no connection to " + connection.server +
              " came about in time: check the address, firewalls, and whether a VPN must be up"};
    case CURLE_PEER_FAILED_VERIFICATION:
      return BadCertificate(connection, fault);
    case CURLE_SSL_CONNECT_ERROR:
      return fault.verify_result == X509_V_OK ? TlsFailed(connection, fault)
                                              : BadCertificate(connection, fault);
    case CURLE_URL_MALFORMAT:
      return {Failure::kInvalid, 0, "", "a name in the request can't stand in a URL"};
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
      return Untrusted(connection,
                       "the certificates of the kubeconfig can't be used: " + fault.text);
    default:
      return LostConnection(connection, fault);
  }
}

ApiError TimeoutError(const Connection& connection, std::chrono::milliseconds limit) {
  return {
      Failure::kTimeout,
      0,
      "",
      fmt::format("{} did not answer within {:g} s: it may be overloaded or cut off; try again, "
                  "or with a longer --request-timeout",
                  connection.server,
                  static_cast<double>(limit.count()) / 1000)};
}

ApiError InterruptedError() {
  return {Failure::kInterrupted, 0, "", "interrupted"};
}

}  // namespace netcheck::kube
