#include "kube/request_timeout.h"

#include <doctest/doctest.h>

namespace netcheck::kube {
namespace {

using std::chrono::milliseconds;

TEST_CASE("request timeout: kubectl's forms") {
  CHECK(ParseRequestTimeout("0") == milliseconds(0));
  CHECK(ParseRequestTimeout("30") == milliseconds(30000));
  CHECK(ParseRequestTimeout("1m30s") == milliseconds(90000));
  CHECK(ParseRequestTimeout("500ms") == milliseconds(500));
  CHECK(ParseRequestTimeout("1.5h") == milliseconds(5400000));
  CHECK(ParseRequestTimeout(".5s") == milliseconds(500));
}

TEST_CASE("request timeout: what is none") {
  for (const char* text : {"", "-1s", "s", "1x", "1s2", "1..5s", "soon", "99999999999999h", "."}) {
    CHECK_FALSE(ParseRequestTimeout(text));
  }
}

}  // namespace
}  // namespace netcheck::kube
