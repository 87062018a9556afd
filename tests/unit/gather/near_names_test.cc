#include "gather/near_names.h"

#include <doctest/doctest.h>

using netcheck::gather::DidYouMean;
using netcheck::gather::NearNames;
using Names = std::vector<std::string>;

TEST_CASE("near names: a Deployment's pods by its name") {
  CHECK(NearNames("web", {"db-1", "web-6f7-x2", "web-6f7-a1"}) ==
        Names{"web-6f7-a1", "web-6f7-x2"});
}

TEST_CASE("near names: typing errors, the smallest first") {
  CHECK(NearNames("frontend", {"frontent2", "fronted", "backend", "frotnend"}) ==
        Names{"fronted", "frontent2", "frotnend"});
}

TEST_CASE("near names: nothing alike, and short names") {
  CHECK(NearNames("frontend", {"db", "queue"}).empty());
  CHECK(NearNames("a", {"b", "c"}).empty());
  CHECK(NearNames("web", {}).empty());
}

TEST_CASE("near names: as words") {
  CHECK(DidYouMean({}).empty());
  CHECK(DidYouMean({"a"}) == "; did you mean a?");
  CHECK(DidYouMean({"a", "b", "c"}) == "; did you mean a, b or c?");
}
