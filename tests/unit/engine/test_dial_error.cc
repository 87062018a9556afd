#include <doctest/doctest.h>

#include <cerrno>

#include "engine/dial_error.h"
#include "protocol/facts.h"

namespace netcheck::probe {
namespace {

const Endpoint kV4{ParseIpAddress("10.0.0.5").value(), 8080};
const Endpoint kV6{ParseIpAddress("fd00::5").value(), 8080};

TEST_CASE("dial error: kubelet's words") {
  CHECK(DialErrorText(kV4, protocol::kResultDeadline) == "dial tcp 10.0.0.5:8080: i/o timeout");
  CHECK(DialErrorText(kV6, protocol::kResultDeadline) == "dial tcp [fd00::5]:8080: i/o timeout");
  CHECK(DialErrorText(kV4, ECONNREFUSED) == "dial tcp 10.0.0.5:8080: connect: connection refused");
  CHECK(DialErrorText(kV6, ECONNREFUSED) == "dial tcp [fd00::5]:8080: connect: connection refused");
  CHECK(DialErrorText(kV4, EHOSTUNREACH) == "dial tcp 10.0.0.5:8080: connect: no route to host");
  CHECK(DialErrorText(kV4, ENETUNREACH) ==
        "dial tcp 10.0.0.5:8080: connect: network is unreachable");
  CHECK(DialErrorText(kV4, ECONNRESET) ==
        "dial tcp 10.0.0.5:8080: connect: connection reset by peer");
  CHECK(DialErrorText(kV4, ETIMEDOUT) == "dial tcp 10.0.0.5:8080: connect: connection timed out");
  CHECK(DialErrorText(kV4, EADDRNOTAVAIL) ==
        "dial tcp 10.0.0.5:8080: connect: cannot assign requested address");
  CHECK(DialErrorText(kV4, EPERM) == "dial tcp 10.0.0.5:8080: connect: operation not permitted");
  CHECK(DialErrorText(kV4, "socket", EMFILE) ==
        "dial tcp 10.0.0.5:8080: socket: too many open files");
}

TEST_CASE("dial error: nothing to say") {
  CHECK(DialErrorText(kV4, 0).empty());
  CHECK(DialErrorText(kV4, protocol::kResultNotTried).empty());
  CHECK(GoErrnoText(9999) == "errno 9999");
}

}  // namespace
}  // namespace netcheck::probe
