#include "diagnosis/stage.h"

#include <doctest/doctest.h>

#include <cerrno>

#include "support/evidence_builder.h"

namespace netcheck::diagnosis {
namespace {

using namespace protocol;

constexpr TapView kAllVouch{true, true, true, true};
constexpr TapView kNoneVouches{};

Stage Of(int result, std::uint32_t seen, const TapView& taps = kAllVouch) {
  Handshake handshake;
  handshake.result = result;
  handshake.seen = seen;
  return StageOf(handshake, taps);
}

}  // namespace

TEST_CASE("stage: success and not tried have none") {
  CHECK(Of(0, 0) == Stage::kNone);
  CHECK(Of(kResultNotTried, 0) == Stage::kNone);
}

TEST_CASE("stage: silence ends where the last packet was seen") {
  CHECK(Of(kResultDeadline, 0) == Stage::kNothingSent);
  CHECK(Of(kResultDeadline, kSeenNodeSyn) == Stage::kSynLost);
  CHECK(Of(kResultDeadline, kSeenNodeSyn | kSeenPodSyn) == Stage::kNoSynAck);
  CHECK(Of(kResultDeadline, kSeenNodeSyn | kSeenPodSyn | kSeenPodSynAck) == Stage::kSynAckLost);
  CHECK(Of(ETIMEDOUT, test::kSeenAll) == Stage::kSynAckLost);
}

TEST_CASE("stage: an absence that no tap vouches for leaves it unknown") {
  CHECK(Of(kResultDeadline, 0, kNoneVouches) == Stage::kUnknown);
  CHECK(Of(kResultDeadline, kSeenNodeSyn, kNoneVouches) == Stage::kUnknown);
  CHECK(Of(kResultDeadline, kSeenNodeSyn | kSeenPodSyn, kNoneVouches) == Stage::kUnknown);
}

TEST_CASE("stage: what was seen needs no vouching") {
  CHECK(Of(kResultDeadline, kSeenPodSynAck, kNoneVouches) == Stage::kSynAckLost);
}

TEST_CASE("stage: silence although a reset was sent is unknown") {
  CHECK(Of(kResultDeadline, kSeenNodeSyn | kSeenPodSyn | kSeenPodRst) == Stage::kUnknown);
}

TEST_CASE("stage: silence although something else was answered is unknown") {
  constexpr std::uint32_t kReachedPod = kSeenNodeSyn | kSeenPodSyn;
  CHECK(Of(kResultDeadline, kReachedPod | protocol::kSeenPodOther) == Stage::kUnknown);
  CHECK(Of(kResultDeadline, kSeenNodeSyn | protocol::kSeenNodeOther) == Stage::kUnknown);
  CHECK(Of(kResultDeadline, kReachedPod | kSeenPodSynAck | protocol::kSeenPodOther) ==
        Stage::kSynAckLost);
}

TEST_CASE("stage: rejections") {
  CHECK(Of(ECONNREFUSED, 0, kNoneVouches) == Stage::kRejected);
  CHECK(Of(EHOSTUNREACH, kSeenNodeSyn | kSeenNodeIcmp) == Stage::kRejected);
  CHECK(Of(EHOSTUNREACH, 0) == Stage::kNothingSent);
  CHECK(Of(EHOSTUNREACH, kSeenNodeSyn) == Stage::kUnknown);
}

TEST_CASE("stage: a local error sent nothing") {
  CHECK(Of(EADDRNOTAVAIL, 0) == Stage::kNothingSent);
}

TEST_CASE("stage: taps vouch only when open, without drops, with packets of that direction") {
  BatchEnd end;
  end.node_tap = {true, 0, 3, 4};
  end.pod_tap = {true, 1, 3, 4};
  const TapView view = ViewOf(end);
  CHECK(view.node_in);
  CHECK(view.node_out);
  CHECK_FALSE(view.pod_in);
  CHECK_FALSE(view.pod_out);
  end.node_tap = {true, 0, 0, 4};
  CHECK_FALSE(ViewOf(end).node_in);
  end.node_tap = {false, 0, 3, 4};
  CHECK_FALSE(ViewOf(end).node_out);
}

}  // namespace netcheck::diagnosis
