#include "session/check_command.h"

#include <charconv>
#include <cstdio>
#include <iostream>
#include <limits>
#include <utility>

#include "checks/check_runner.h"
#include "engine/address.h"
#include "engine/dial_error.h"
#include "protocol/json.h"
#include "protocol/v1_probe.h"
#include "protocol/version.h"
#include "target/pod_processes.h"

namespace netcheck::probe {
namespace {

using protocol::CheckKind;
using protocol::Error;
using protocol::Json;
using protocol::Result;

constexpr int kExitDone = 0;
constexpr int kExitRefused = 2;

constexpr const char* kUsage =
    "netcheck-probe check: make a health check from here, as kubelet makes it\n"
    "\n"
    "usage:\n"
    "  netcheck-probe check --probe JSON --pod-ip IP [options]\n"
    "  netcheck-probe check --probe JSON --pid PID [options]\n"
    "  netcheck-probe check --stdin\n"
    "\n"
    "options:\n"
    "  --probe JSON            the v1.Probe, as in a pod's spec: '{\"httpGet\": {\"port\": "
    "8080}}'\n"
    "  --pod-ip IP             what kubelet connects to where the probe names no host\n"
    "  --pid PID               a process of the container in which an exec probe's command is to "
    "run\n"
    "  --container JSON        the v1.Container, for named ports and $(VARIABLES): '{\"ports\": "
    "[...]}'\n"
    "  --kubelet-version VER   speak as this kubelet does (v1.34.4)\n"
    "  --source-port N         connect from this port; the kernel chooses otherwise\n"
    "  --repeat N              number of attempts, one after the other (1)\n"
    "  --stdin                 read checks from standard input, a line of JSON each, with the "
    "fields\n"
    "                          probe, podIP, pid, container, kubeletVersion, sourcePort and "
    "repeat;\n"
    "                          one that is no check is answered with the result \"refused\" and "
    "why\n"
    "\n"
    "Each attempt is a line of JSON on standard output: result (success, warning, failure, "
    "unknown),\n"
    "output and error in kubelet's words, ms, and the handshake or what became of the command.\n"
    "Exit code 0: the attempts were made, whatever came of them, or the lines were answered.\n"
    "2: they were not.\n";

/// What the command line or a line of standard input asks for.
struct Request {
  Json probe;
  Json container = Json::object();
  std::string pod_ip;
  std::int64_t pid = 0;
  std::string kubelet_version = "v1.34.4";
  int source_port = 0;
  int repeat = 1;
};

const char* SeenName(std::size_t bit) {
  static constexpr const char* kNames[] = {"nodeSyn",
                                           "podSyn",
                                           "podSynAck",
                                           "nodeSynAck",
                                           "podRst",
                                           "nodeRst",
                                           "podIcmp",
                                           "nodeIcmp",
                                           "podOther",
                                           "nodeOther"};
  return bit < std::size(kNames) ? kNames[bit] : nullptr;
}

double Milliseconds(std::int64_t microseconds) {
  return static_cast<double>(microseconds) / 1000;
}

Json HandshakeOf(const protocol::CheckAttempt& attempt) {
  Json handshake{{"sourceAddress", attempt.source_address}, {"sourcePort", attempt.source_port}};
  if (attempt.connect_us) {
    handshake["ms"] = Milliseconds(*attempt.connect_us);
  }
  if (attempt.connect_result == protocol::kResultDeadline) {
    handshake["error"] = "i/o timeout";
  } else if (attempt.connect_result > 0) {
    handshake["error"] = GoErrnoText(attempt.connect_result);
  }
  Json seen = Json::array();
  for (std::size_t bit = 0; SeenName(bit) != nullptr; ++bit) {
    if ((attempt.seen >> bit & 1U) != 0) {
      seen.push_back(SeenName(bit));
    }
  }
  handshake["seen"] = std::move(seen);
  return handshake;
}

Json CommandOf(const protocol::ExecRun& run) {
  Json command{{"specFrom", run.source},
               {"seccompLeftOut", run.seccomp_left_out},
               {"killed", run.killed},
               {"outputHeldOpen", run.output_held_open},
               {"leftRunning", run.left_running}};
  if (run.started_us) {
    command["startedMs"] = Milliseconds(*run.started_us);
  }
  if (run.exited_us) {
    command["exitedMs"] = Milliseconds(*run.exited_us);
    command["exitCode"] = run.exit_code;
  }
  return command;
}

bool Print(const Json& line) {
  const std::string text =
      line.dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
  std::printf("%s\n", text.c_str());
  return std::fflush(stdout) == 0;
}

Json Line(const char* result, const std::string& output, const std::string& error, double ms) {
  return {{"result", result}, {"output", output}, {"error", error}, {"ms", ms}};
}

protocol::Check CheckOf(const protocol::V1Probe& probe, const Request& request) {
  const std::string user_agent = protocol::KubeletUserAgent(request.kubelet_version);
  protocol::Check check;
  check.kind = probe.kind;
  check.address =
      probe.kind == CheckKind::kTcp && !probe.host.empty() ? probe.host : request.pod_ip;
  check.port = probe.port.number;
  check.source_port = request.source_port;
  check.http = probe.http;
  check.http.user_agent = user_agent;
  check.grpc = probe.grpc;
  check.grpc.user_agent = user_agent;
  check.exec = probe.exec;
  check.timeout_ms = probe.timeout_s * 1000;
  check.patience_ms = check.timeout_ms;
  check.attempts = request.repeat;
  check.budget_ms = std::numeric_limits<int>::max();
  return check;
}

/// Makes the attempts; an error is one of the request.
Result<void> Make(const Request& request) {
  if (!request.probe.is_object()) {
    return Error{"--probe: not a v1.Probe, which is a JSON object"};
  }
  if (!request.container.is_object()) {
    return Error{"--container: not a v1.Container, which is a JSON object"};
  }
  const protocol::V1Probe probe = protocol::ReadV1Probe(request.probe, request.container);
  if (probe.kind == CheckKind::kUnknown) {
    return Error{"--probe: none of httpGet, tcpSocket, grpc and exec"};
  }
  const bool is_exec = probe.kind == CheckKind::kExec;
  if (is_exec && probe.exec.command.empty()) {
    return Error{"--probe: exec.command is empty"};
  }
  std::vector<protocol::ContainerProcess> containers;
  if (is_exec) {
    const auto stat = ReadProcessStat(request.pid, "/proc");
    if (!stat || !stat->alive()) {
      return Error{"--pid: there is no process " + std::to_string(request.pid) +
                   "; an exec probe needs one of its container"};
    }
    containers.push_back({probe.exec.container, "", true, request.pid, stat->start_ticks});
  } else if (!ParseIpAddress(request.pod_ip)) {
    return Error{"--pod-ip: \"" + request.pod_ip + "\" is not an IP address"};
  }
  if (!is_exec && !probe.port.error.empty()) {
    for (int i = 0; i < request.repeat; ++i) {
      Print(Line("unknown", "", probe.port.error, 0));
    }
    return {};
  }
  const ProbeClock clock;
  CheckContext context{clock, -1, {}, {}, {}, std::move(containers)};
  bool written = true;
  context.stop = [&written] { return !written; };
  context.emit = [&written](const protocol::CheckAttempt& attempt) {
    Json line =
        Line(attempt.result.c_str(), attempt.output, attempt.error, Milliseconds(attempt.total_us));
    if (attempt.exec) {
      line["command"] = CommandOf(*attempt.exec);
    } else {
      line["handshake"] = HandshakeOf(attempt);
    }
    written = Print(line);
  };
  std::string not_made;
  context.not_made = [&not_made](const std::string& reason) { not_made = reason; };
  RunCheck(CheckOf(probe, request), context);
  return not_made.empty() ? Result<void>() : Error{not_made};
}

int Refuse(const std::string& sentence) {
  std::fprintf(stderr, "netcheck-probe: check: %s\n", sentence.c_str());
  return kExitRefused;
}

/// The number that an option or a member of a line holds.
Result<int> Number(const std::string& name, const std::string& text, int most) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (!whole || number < 1 || number > most) {
    return Error{name + ": \"" + text + "\" is not a number from 1 to " + std::to_string(most)};
  }
  return number;
}

Result<Json> ParseJson(const std::string& option, const std::string& text) {
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) {
    return Error{option + ": not JSON"};
  }
  return json;
}

constexpr int kMaxPort = 65535;
constexpr int kMaxRepeat = 1'000'000;
constexpr int kMaxPid = 4'194'304;  // include/linux/threads.h, PID_MAX_LIMIT

Result<void> SetOption(const std::string& option, const std::string& value, Request& request) {
  if (option == "--probe" || option == "--container") {
    auto json = ParseJson(option, value);
    if (!json) {
      return json.error();
    }
    (option == "--probe" ? request.probe : request.container) = std::move(*json);
  } else if (option == "--pod-ip") {
    request.pod_ip = value;
  } else if (option == "--kubelet-version") {
    request.kubelet_version = value;
  } else if (option == "--source-port" || option == "--repeat" || option == "--pid") {
    const int most = option == "--source-port" ? kMaxPort
                     : option == "--pid"       ? kMaxPid
                                               : kMaxRepeat;
    const auto number = Number(option, value, most);
    if (!number) {
      return number.error();
    }
    if (option == "--pid") {
      request.pid = *number;
    } else {
      (option == "--source-port" ? request.source_port : request.repeat) = *number;
    }
  } else {
    return Error{"unknown option \"" + option + "\"; see check --help"};
  }
  return {};
}

Result<Request> ParseArguments(const std::vector<std::string>& arguments) {
  Request request;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string option = arguments[i];
    std::string value;
    if (const auto equals = option.find('='); option.starts_with("--") && equals != option.npos) {
      value = option.substr(equals + 1);
      option.resize(equals);
    } else if (++i < arguments.size()) {
      value = arguments[i];
    } else {
      return Error{option + ": a value is missing; see check --help"};
    }
    if (auto set = SetOption(option, value, request); !set) {
      return set.error();
    }
  }
  return request;
}

Result<int> MemberOr(const Json& line, const char* name, int most, int otherwise) {
  const auto it = line.find(name);
  return it == line.end() ? Result<int>(otherwise) : Number(name, it->dump(), most);
}

Result<Request> ParseLine(const std::string& text) {
  try {
    const Json line = Json::parse(text);
    Request request;
    request.probe = line.at("probe");
    request.container = line.value("container", request.container);
    request.pod_ip = line.value("podIP", request.pod_ip);
    request.kubelet_version = line.value("kubeletVersion", request.kubelet_version);
    const auto source_port = MemberOr(line, "sourcePort", kMaxPort, request.source_port);
    const auto repeat = MemberOr(line, "repeat", kMaxRepeat, request.repeat);
    const auto pid = MemberOr(line, "pid", kMaxPid, 0);
    for (const auto* number : {&source_port, &repeat, &pid}) {
      if (!*number) {
        return number->error();
      }
    }
    request.pid = *pid;
    request.source_port = *source_port;
    request.repeat = *repeat;
    return request;
  } catch (const Json::exception& e) {
    return Error{std::string("--stdin: ") + e.what()};
  }
}

int CheckLines() {
  std::string text;
  while (std::getline(std::cin, text)) {
    const auto request = ParseLine(text);
    const auto made = request ? Make(*request) : Result<void>(request.error());
    if (!made && !Print(Line("refused", "", made.error().message, 0))) {
      break;  // Nobody reads.
    }
  }
  return kExitDone;
}

}  // namespace

int CheckCommand(const std::vector<std::string>& arguments) {
  if (arguments.size() == 1 && (arguments[0] == "--help" || arguments[0] == "-h")) {
    std::fputs(kUsage, stdout);
    return kExitDone;
  }
  if (arguments.size() == 1 && arguments[0] == "--stdin") {
    return CheckLines();
  }
  const auto request = ParseArguments(arguments);
  const auto made = request ? Make(*request) : Result<void>(request.error());
  return made ? kExitDone : Refuse(made.error().message);
}

}  // namespace netcheck::probe
