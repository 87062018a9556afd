#include "kernel/netlink_message.h"

#include <doctest/doctest.h>
#include <linux/netlink.h>

using netcheck::probe::Bytes;
using netcheck::probe::FindAttribute;
using netcheck::probe::NetlinkRequest;
using netcheck::probe::ParseNetlinkAttributes;
using netcheck::probe::ParseNetlinkError;
using netcheck::probe::ParseNetlinkMessages;

namespace {

std::vector<std::uint8_t> Message(std::uint32_t length, std::size_t bytes) {
  std::vector<std::uint8_t> message(bytes);
  std::memcpy(message.data(), &length, std::min(bytes, sizeof length));
  return message;
}

}  // namespace

TEST_CASE("netlink: what a request puts together is taken apart again") {
  NetlinkRequest request(20, NLM_F_REQUEST, 7);
  const auto outer = request.BeginNested(1);
  const std::vector<std::uint8_t> odd = {1, 2, 3};
  request.AppendAttribute(2, odd);
  request.AppendAttribute(3, {});
  request.EndNested(outer);
  const auto bytes = request.Finish();
  const auto messages = ParseNetlinkMessages(bytes);
  REQUIRE(messages);
  REQUIRE(messages->size() == 1);
  CHECK((*messages)[0].type == 20);
  CHECK((*messages)[0].flags == NLM_F_REQUEST);
  CHECK((*messages)[0].sequence == 7);
  const auto attributes = ParseNetlinkAttributes((*messages)[0].payload);
  REQUIRE(attributes);
  const auto nested = ParseNetlinkAttributes(FindAttribute(*attributes, 1));
  REQUIRE(nested);
  REQUIRE(nested->size() == 2);
  CHECK(std::vector<std::uint8_t>((*nested)[0].value.begin(), (*nested)[0].value.end()) == odd);
  CHECK(FindAttribute(*nested, 3).empty());
}

TEST_CASE("netlink: lengths that contradict the buffer are refused") {
  CHECK_FALSE(ParseNetlinkMessages(Message(16, 15)));           // Header cut.
  CHECK_FALSE(ParseNetlinkMessages(Message(17, 16)));           // Payload cut.
  CHECK_FALSE(ParseNetlinkMessages(Message(15, 16)));           // Shorter than its header.
  CHECK_FALSE(ParseNetlinkMessages(Message(0, 16)));            // Would never advance.
  CHECK_FALSE(ParseNetlinkMessages(Message(0xffffffffU, 16)));  // Would wrap.
  CHECK(ParseNetlinkMessages({})->empty());
  CHECK(ParseNetlinkMessages(Message(17, 17))->size() == 1);  // Padding of the last one is missing.
}

TEST_CASE("netlink: attribute lengths that contradict the buffer are refused") {
  const auto parse = [](std::vector<std::uint8_t> bytes) {
    return ParseNetlinkAttributes(bytes).has_value();
  };
  CHECK_FALSE(parse({4, 0, 1}));                 // Header cut.
  CHECK_FALSE(parse({3, 0, 1, 0}));              // Shorter than its header.
  CHECK_FALSE(parse({0, 0, 1, 0}));              // Would never advance.
  CHECK_FALSE(parse({9, 0, 1, 0, 0, 0, 0, 0}));  // Value cut.
  CHECK_FALSE(parse({255, 255, 1, 0}));
  CHECK(parse({5, 0, 1, 0, 9}));  // Padding of the last one is missing.
  CHECK(parse({}));
}

TEST_CASE("netlink: error numbers") {
  const auto parse = [](std::int32_t number) {
    return ParseNetlinkError({reinterpret_cast<const std::uint8_t*>(&number), sizeof number});
  };
  CHECK(parse(0) == 0);
  CHECK(parse(-2) == 2);
  CHECK_FALSE(parse(2));
  CHECK_FALSE(parse(INT32_MIN));  // Has no positive counterpart.
  CHECK_FALSE(ParseNetlinkError({}));
}
