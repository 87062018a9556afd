#include "cli/progress.h"

#include <doctest/doctest.h>

#include <sstream>

using netcheck::cli::Console;
using netcheck::cli::Progress;

TEST_CASE("progress: plain lines where there is no terminal") {
  std::ostringstream out;
  std::ostringstream err;
  Console console{out, err};
  {
    Progress progress(console, false);
    progress.Step("a");
    progress.Step("a");
    progress.Attempts(3, 10);
    progress.Line("{}");
    progress.Warning("w");
  }
  CHECK(out.str().empty());
  CHECK(err.str() == "a\na: 3 of 10 attempts\nwarning: w\n");
}

TEST_CASE("progress: one line that changes on a terminal, gone at the end") {
  std::ostringstream out;
  std::ostringstream err;
  Console console{out, err};
  console.err_is_terminal = true;
  console.width = 6;
  {
    Progress progress(console, false);
    progress.Step("much too long");
  }
  CHECK(err.str() == "\r\033[Kmuch \r\033[K");
}

TEST_CASE("progress: the probe's facts when asked for") {
  std::ostringstream out;
  std::ostringstream err;
  Console console{out, err};
  Progress progress(console, true);
  progress.Line("{\"n\": 0}");
  CHECK(err.str() == "{\"n\": 0}\n");
}
