#include "session/probe_main.h"

#include <unistd.h>

#include <cstdio>

#include "protocol/plan.h"
#include "protocol/version.h"
#include "session/check_command.h"
#include "session/probe_session.h"
#include "session/run_control.h"

namespace netcheck::probe {
namespace {

constexpr int kExitComplete = 0;
constexpr int kExitRefused = 2;

constexpr const char* kUsage =
    "netcheck-probe: what a node's connections to a pod meet, as facts\n"
    "\n"
    "usage:\n"
    "  netcheck-probe run PLAN   do what PLAN asks for; facts on standard output, one a line\n"
    "  netcheck-probe check      make one health check from here, as kubelet makes it; see check "
    "--help\n"
    "  netcheck-probe version    print the version\n"
    "  netcheck-probe --help     print this\n"
    "\n"
    "PLAN is base64 of JSON, made by kubectl netcheck (probe-image/protocol/PROTOCOL.md).\n"
    "Exit code 0: all facts were written. 2: PLAN was refused, or nobody read the facts.\n";

int Refuse(const std::string& sentence) {
  std::fprintf(stderr, "netcheck-probe: %s\n", sentence.c_str());
  return kExitRefused;
}

int Run(const std::string& argument) {
  const auto plan = protocol::DecodePlanArgument(argument);
  if (!plan) {
    return Refuse(plan.error().message);
  }
  CatchSignals();
  if (!RunPlan(*plan, STDOUT_FILENO)) {
    return Refuse("standard output was closed before all facts were written");
  }
  return kExitComplete;
}

}  // namespace

int ProbeMain(const std::vector<std::string>& argv) {
  const std::string command = argv.size() > 1 ? argv[1] : "";
  if (command == "run" && argv.size() == 3) {
    return Run(argv[2]);
  }
  if (command == "check") {
    return CheckCommand({argv.begin() + 2, argv.end()});
  }
  if (command == "version" && argv.size() == 2) {
    std::printf("netcheck-probe %s (protocol %d)\n",
                protocol::kNetcheckVersion,
                protocol::kProtocolVersion);
    return kExitComplete;
  }
  if ((command == "--help" || command == "-h" || command == "help") && argv.size() == 2) {
    std::fputs(kUsage, stdout);
    return kExitComplete;
  }
  if (command == "run") {
    return Refuse("run takes one argument, the plan; see --help");
  }
  return Refuse(command.empty() ? "no command; see --help"
                                : "unknown command \"" + command + "\"; see --help");
}

}  // namespace netcheck::probe
