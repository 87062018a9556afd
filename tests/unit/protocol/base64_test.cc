#include "protocol/base64.h"

#include <doctest/doctest.h>

#include <string>

namespace netcheck::protocol {
namespace {

TEST_CASE("base64: the vectors of RFC 4648 section 10") {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    CHECK(Base64Encode(bytes) == text);
    CHECK(Base64Decode(text) == std::string(bytes));
  }
}

TEST_CASE("base64: every byte survives") {
  std::string bytes;
  for (int i = 0; i < 256; ++i) {
    bytes += static_cast<char>(i);
  }
  CHECK(Base64Decode(Base64Encode(bytes)) == bytes);
}

TEST_CASE("base64: folded lines and absent padding are read") {
  CHECK(Base64Decode("Zm9v\r\n YmFy\n") == std::string("foobar"));
  CHECK(Base64Decode("Zg") == std::string("f"));
  CHECK(Base64Decode("Zm8") == std::string("fo"));
}

TEST_CASE("base64: what is not base64 is refused") {
  CHECK_FALSE(Base64Decode("Zg==Zg==").has_value());
  CHECK_FALSE(Base64Decode("Z").has_value());
  CHECK_FALSE(Base64Decode("Zm9vY").has_value());
  CHECK_FALSE(Base64Decode("Zm-v").has_value());
  CHECK_FALSE(Base64Decode(std::string_view("Zm\0v", 4)).has_value());
}

}  // namespace
}  // namespace netcheck::protocol
