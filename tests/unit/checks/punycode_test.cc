#include "checks/punycode.h"

#include <doctest/doctest.h>

namespace netcheck::probe {
namespace {

TEST_CASE("punycode: labels beyond ASCII are encoded, as they are") {
  CHECK(AsciiHost("") == "");
  CHECK(AsciiHost("app.example.") == "app.example.");
  CHECK(AsciiHost("bücher.example") == "xn--bcher-kva.example");
  CHECK(AsciiHost("日本語.jp") == "xn--wgv71a119e.jp");
  CHECK(AsciiHost("ä.xn--4ca") == "xn--4ca.xn--4ca");
  CHECK(AsciiHost("Ä") == "xn--7ba");
  CHECK(AsciiHost("с") == "xn--q1a");
}

TEST_CASE("punycode: a port stays") {
  CHECK(AsciiHostPort("app.example:80") == "app.example:80");
  CHECK(AsciiHostPort("bücher.example:99") == "xn--bcher-kva.example:99");
  CHECK(AsciiHostPort("ü:") == "xn--tda");
  CHECK(AsciiHostPort("[fd00::5]:80") == "[fd00::5]:80");
}

}  // namespace
}  // namespace netcheck::probe
