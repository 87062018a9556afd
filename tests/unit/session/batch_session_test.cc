#include "session/batch_session.h"

#include <doctest/doctest.h>

#include <cerrno>

#include "engine/attempt_table.h"

namespace netcheck::probe {
namespace {

constexpr std::int32_t kDeadline = protocol::kResultDeadline;

TEST_CASE("batch session: giving up takes as many unanswered attempts as asked for") {
  CHECK(NoneAnswered({kDeadline, kDeadline, kDeadline}, 3));
  CHECK(NoneAnswered({kDeadline, kResultPending, kDeadline, kResultPending}, 2));
  CHECK_FALSE(NoneAnswered({kDeadline, kDeadline, kResultPending}, 3));
  CHECK_FALSE(NoneAnswered({}, 1));
}

TEST_CASE("batch session: any answer, even a refusal, forbids giving up") {
  CHECK_FALSE(NoneAnswered({kDeadline, 0, kDeadline}, 2));
  CHECK_FALSE(NoneAnswered({kDeadline, ECONNREFUSED, kDeadline}, 2));
}

TEST_CASE("batch session: attempts that were not made are no attempts") {
  CHECK(NoneAnswered({protocol::kResultNotTried, kDeadline, kDeadline}, 2));
  CHECK_FALSE(NoneAnswered({protocol::kResultNotTried, kDeadline}, 2));
}

}  // namespace
}  // namespace netcheck::probe
