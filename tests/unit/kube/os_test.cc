#include "os/os.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

namespace netcheck::os {
namespace {

using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

constexpr seconds kLong{30};

protocol::Result<ProcessResult> Shell(const std::string& script, seconds timeout = seconds(10)) {
  return Run({"sh", "-c", script}, {{"NETCHECK_TEST", "added"}}, false, timeout);
}

/// The exit code of `body` in a process of its own, which catches interrupts.
template <typename Body>
int InChild(Body body) {
  const pid_t child = ::fork();
  if (child == 0) {
    CatchInterrupts();
    ::_exit(body());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

TEST_CASE("os: Run gives output, exit code and the added environment") {
  const auto result = Shell("echo \"$NETCHECK_TEST\"; exit 3");
  REQUIRE(result.ok());
  CHECK(result->stdout_text == "added\n");
  CHECK(result->exit_code == 3);
}

TEST_CASE("os: Run gives standard input only to interactive programs") {
  const auto result = Shell("cat; echo end");
  REQUIRE(result.ok());
  CHECK(result->stdout_text == "end\n");
}

TEST_CASE("os: Run tells the signal that ended the program") {
  const auto result = Shell("kill -TERM $$");
  REQUIRE(result.ok());
  CHECK(result->exit_code == 128 + SIGTERM);
}

TEST_CASE("os: Run waits for the end when the output is closed before") {
  const auto result = Shell("exec >&-; sleep 0.1; exit 4");
  REQUIRE(result.ok());
  CHECK(result->exit_code == 4);
}

TEST_CASE("os: Run of a program that isn't there") {
  const auto result = Run({"/nonexistent/program"}, {}, false, seconds(1));
  REQUIRE_FALSE(result.ok());
  CHECK(result.error().error_number == ENOENT);
}

TEST_CASE("os: Run kills what takes too long or prints too much") {
  const auto start = Clock::now();
  const auto slow = Run({"sleep", "30"}, {}, false, seconds(1));
  CHECK_FALSE(slow.ok());
  CHECK(Clock::now() - start < seconds(10));
  const auto loud = Shell("exec yes");
  REQUIRE_FALSE(loud.ok());
  CHECK(loud.error().error_number == EFBIG);
}

TEST_CASE("os: an interrupt ends the program that runs, but not a later one") {
  CHECK(
      InChild([] {
        const auto start = Clock::now();
        const auto stopped = Run({"sh", "-c", "kill -TERM $PPID; exec sleep 30"}, {}, false, kLong);
        const auto later = Run({"true"}, {}, false, kLong);
        return !stopped.ok() && later.ok() && Clock::now() - start < kLong ? Interrupted() : 0;
      }) == SIGTERM);
}

TEST_CASE("os: an interrupt ends a sleep, the first one counts") {
  CHECK(InChild([] {
          const auto start = Clock::now();
          std::thread sender([] { ::kill(::getpid(), SIGINT); });
          Sleep(kLong);
          sender.join();
          ::kill(::getpid(), SIGTERM);
          Sleep(kLong);
          return Clock::now() - start < kLong ? Interrupted() : 0;
        }) == SIGINT);
}

TEST_CASE("os: nohup stays in force") {
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGHUP, SIG_IGN);
    CatchInterrupts();
    ::kill(::getpid(), SIGHUP);
    ::_exit(Interrupted());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
}

TEST_CASE("os: ReadFile") {
  std::string path = (std::filesystem::temp_directory_path() / "netcheck-os-XXXXXX").string();
  const int file = ::mkstemp(path.data());
  REQUIRE(file >= 0);
  ::close(file);
  std::ofstream(path) << std::string(20000, 'x') << '\0';
  const auto content = ReadFile(path);
  REQUIRE(content.ok());
  CHECK(content->size() == 20001);
  CHECK_FALSE(ReadFile(path, 20000).ok());
  std::filesystem::remove(path);

  const auto missing = ReadFile(path);
  REQUIRE_FALSE(missing.ok());
  CHECK(missing.error().error_number == ENOENT);
  CHECK(missing.error().message == "cannot read " + path + ": No such file or directory");
  CHECK(ReadFile("/").error().error_number == EISDIR);
}

TEST_CASE("os: WriteFile replaces what was there, for its owner only") {
  const auto path = std::filesystem::temp_directory_path() /
                    ("netcheck-os-" + std::to_string(::getpid()) + "-written");
  for (const std::string& content : {std::string(20000, 'x'), std::string("short")}) {
    CHECK_FALSE(WriteFile(path.string(), content));
    CHECK(*ReadFile(path.string()) == content);
  }
  CHECK(std::filesystem::status(path).permissions() ==
        (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
  std::filesystem::remove(path);
  const auto error = WriteFile("/nowhere/file", "x");
  REQUIRE(error);
  CHECK(error->message == "cannot write /nowhere/file: No such file or directory");
}

TEST_CASE("os: Now is RFC 3339") {
  const std::string now = Now();
  CHECK(now.size() == 20);
  CHECK(now[10] == 'T');
  CHECK(now.back() == 'Z');
}

}  // namespace
}  // namespace netcheck::os
