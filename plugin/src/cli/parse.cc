#include "cli/parse.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <initializer_list>
#include <utility>

#include "cli/default_image.h"
#include "gather/plan_builder.h"
#include "kube/request_timeout.h"

namespace netcheck::cli {
namespace {

/// What CLI11 writes into; text is turned into values when all of it is there.
struct Raw {
  kube::ConnectionFlags connection;
  std::vector<std::string> pod;
  std::vector<std::string> service;
  std::string node;
  std::string port;
  std::string container;
  std::string probe;
  std::string ports;
  std::string rate;
  std::string timeout;
  std::string image = kDefaultImage;
  std::string probe_namespace;
  std::string save;
  std::vector<std::string> file;
  std::vector<std::string> code;
  std::string output;
  bool client_only = false;
  bool verbose = false;
};

/// Flags may stand before the command as well as after it, so each level has them all.
void AddConnectionFlags(CLI::App& app, Raw& raw) {
  kube::ConnectionFlags& flags = raw.connection;
  const char* group = "Connection, as kubectl has them";
  const auto text = [&](const char* names, std::string& value, const char* help) {
    app.add_option(names, value, help)->group(group)->type_name("");
  };
  text("-n,--namespace", flags.namespace_name, "Namespace of the pod or Service");
  text("--kubeconfig", flags.kubeconfig, "Path of the kubeconfig file");
  text("--context", flags.context, "Name of the kubeconfig context");
  text("--cluster", flags.cluster, "Name of the kubeconfig cluster");
  text("--user", flags.user, "Name of the kubeconfig user");
  text("-s,--server", flags.server, "Address and port of the API server");
  text("--token", flags.token, "Bearer token");
  text("--username", flags.username, "User name for basic authentication");
  text("--password", flags.password, "Password for basic authentication");
  text("--as", flags.as, "User to impersonate");
  text("--as-uid", flags.as_uid, "UID to impersonate");
  app.add_option("--as-group", flags.as_groups, "Group to impersonate; may be repeated")
      ->group(group)
      ->type_name("")
      ->expected(1)
      ->take_all();
  app.add_option(
         "--as-user-extra", flags.as_user_extra, "Extra KEY=VALUE to impersonate; may be repeated")
      ->group(group)
      ->type_name("")
      ->expected(1)
      ->take_all();
  text("--certificate-authority", flags.certificate_authority, "Path of the CA's certificate file");
  text("--client-certificate", flags.client_certificate, "Path of the client certificate file");
  text("--client-key", flags.client_key, "Path of the client key file");
  text("--tls-server-name", flags.tls_server_name, "Name to verify the server's certificate by");
  app.add_flag("--insecure-skip-tls-verify",
               flags.insecure_skip_tls_verify,
               "Do not verify the server's certificate")
      ->group(group);
  text("--request-timeout",
       flags.request_timeout,
       "Time that one request may take: 30s, 1m; 0: any");
  app.add_flag("-v,--v", raw.verbose, "Show requests, the probe's facts and every failed attempt");
}

void AddOutputFlag(CLI::App& app, Raw& raw) {
  app.add_option("-o,--output", raw.output, "Form of the result: table or json (table)")
      ->type_name("");
}

/// Flags of all commands that run the probe.
void AddRunFlags(CLI::App& app, Raw& raw) {
  const auto text = [&](const char* names, std::string& value, std::string help) {
    app.add_option(names, value, std::move(help))->type_name("");
  };
  text("--timeout",
       raw.timeout,
       "Time to wait for the probe pod to start, and for its checks: 30s, 2m (60s, and what they "
       "need)");
  text("--image", raw.image, fmt::format("Image of the probe pod ({})", kDefaultImage));
  text("--namespace-for-probe",
       raw.probe_namespace,
       "Namespace of the probe pod (netcheck if that exists, else the target's own)");
  text("--save", raw.save, "File to keep the evidence in, for `replay`");
  AddOutputFlag(app, raw);
}

void AddServiceCommand(CLI::App& root, Raw& raw) {
  CLI::App* service = root.add_subcommand(
      "service", "Tell whether a Service and its endpoints answer a node, and why they don't");
  service->add_option("NAME", raw.service, "Name of the Service")->type_name("")->expected(1, 2);
  service
      ->add_option("--node",
                   raw.node,
                   "Node to connect from (the first ready one by name of those that host a ready "
                   "endpoint, else the first ready one of all)")
      ->type_name("");
  service->add_option("--port", raw.port, "Only this port of the Service, by number or name")
      ->type_name("");
  AddRunFlags(*service, raw);
  AddConnectionFlags(*service, raw);
}

void AddPodCommand(CLI::App& root, Raw& raw) {
  CLI::App* pod = root.add_subcommand(
      "pod", "Tell what kubelet's health checks of a pod meet, and why they fail");
  const auto text = [&](const char* names, std::string& value, std::string help) {
    return pod->add_option(names, value, std::move(help))->type_name("");
  };
  pod->add_option("NAME", raw.pod, "Name of the pod")->type_name("")->expected(1, 2);
  text("-c,--container", raw.container, "Only the probes of this container");
  text("--probe", raw.probe, "Only this kind of probe: liveness, readiness or startup");
  text("--ports",
       raw.ports,
       "Source ports to try: kubelet (as the kernel chooses them), spread (over the whole range), "
       "suspects (NodePorts in the range), sweep (the whole range), or a list such as "
       "40000,41000-41100; without it some of the first three");
  text(
      "--rate", raw.rate, fmt::format("New connections a second, 1 to {} (200)", gather::kMaxRate));
  AddRunFlags(*pod, raw);
  AddConnectionFlags(*pod, raw);
}

void AddReplayCommand(CLI::App& root, Raw& raw) {
  CLI::App* replay =
      root.add_subcommand("replay", "Diagnose again what --save kept, without a cluster");
  replay->add_option("FILE", raw.file, "The saved evidence; -: standard input")
      ->type_name("")
      ->expected(1, 2);
  AddOutputFlag(*replay, raw);
  replay->add_flag("-v,--v", raw.verbose, "Show every failed attempt");
}

void AddExplainCommand(CLI::App& root, Raw& raw) {
  CLI::App* explain = root.add_subcommand(
      "explain", "Tell all about a cause that a report names: proof, symptoms, fix, references");
  explain
      ->add_option("CODE", raw.code, "Its code, such as NC-LISTEN-001; without it all are listed")
      ->type_name("")
      ->expected(0, 2);
}

void AddOtherCommands(CLI::App& root, Raw& raw) {
  CLI::App* cleanup = root.add_subcommand("cleanup", "Delete probe pods that were left behind");
  cleanup
      ->add_option("--namespace-for-probe",
                   raw.probe_namespace,
                   "Only in this namespace (all that you may look into)")
      ->type_name("");
  AddConnectionFlags(*cleanup, raw);

  CLI::App* version = root.add_subcommand("version", "Print the versions of netcheck and cluster");
  version->add_flag("--client", raw.client_only, "Only netcheck's own version, without a request");
  AddOutputFlag(*version, raw);
  AddConnectionFlags(*version, raw);

  root.add_subcommand("manifests",
                      "Print the namespace for probe pods and the roles that users need, for "
                      "`kubectl apply -f -`");
}

std::string ProgramName(const std::string& path) {
  std::string name = path.substr(path.find_last_of("/\\") + 1);
  if (name.starts_with("kubectl-")) {
    return "kubectl netcheck";
  }
  return name;
}

/// kubectl's -v takes a level; here any level but 0 means the same.
std::vector<std::string> WithoutVerbosityLevels(const std::vector<std::string>& argv) {
  std::vector<std::string> arguments;
  for (std::size_t i = 1; i < argv.size(); ++i) {
    const std::string& argument = argv[i];
    if (argument.starts_with("-v=") || argument.starts_with("--v=")) {
      if (!argument.ends_with("=0")) {
        arguments.emplace_back("--v");
      }
    } else {
      arguments.push_back(argument);
    }
  }
  return arguments;
}

protocol::Result<OutputFormat> ParseOutput(const std::string& text) {
  if (text.empty() || text == "table") {
    return OutputFormat::kTable;
  }
  if (text == "json") {
    return OutputFormat::kJson;
  }
  return protocol::Error{fmt::format("--output \"{}\": must be table or json", text)};
}

protocol::Result<model::ProbeType> ParseProbeType(const std::string& text) {
  using model::ProbeType;
  for (const ProbeType type : {ProbeType::kLiveness, ProbeType::kReadiness, ProbeType::kStartup}) {
    if (text == model::Name(type)) {
      return type;
    }
  }
  if (text.empty()) {
    return ProbeType::kUnknown;
  }
  return protocol::Error{
      fmt::format("--probe \"{}\": must be liveness, readiness or startup", text)};
}

protocol::Result<std::optional<int>> ParseRate(const std::string& text) {
  if (text.empty()) {
    return std::optional<int>();
  }
  if (text.size() <= 5 && text.find_first_not_of("0123456789") == std::string::npos) {
    const int rate = std::stoi(text);
    if (rate >= 1 && rate <= gather::kMaxRate) {
      return std::optional<int>(rate);
    }
  }
  return protocol::Error{
      fmt::format("--rate \"{}\": must be a number of connections a second from 1 to {}",
                  text,
                  gather::kMaxRate)};
}

protocol::Result<std::optional<int>> ParseTimeLimit(const std::string& text) {
  constexpr std::chrono::hours kLongest{24};
  if (text.empty()) {
    return std::optional<int>();
  }
  const auto limit = kube::ParseRequestTimeout(text);
  if (!limit || limit->count() < 1000 || *limit > kLongest) {
    return protocol::Error{
        fmt::format("--timeout \"{}\": must be a time from 1s to 24h, such as 30s or 2m", text)};
  }
  return std::optional<int>(static_cast<int>(limit->count()));
}

bool IsName(const std::string& text) {
  return !text.empty() &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-.") == std::string::npos;
}

/// A kind of object and what kubectl's users write before its name.
struct NamedKind {
  const char* name;
  std::initializer_list<const char*> prefixes;
};

/// "web" or "pod/web" as the words after the command.
protocol::Result<std::string> ParseName(const NamedKind& kind,
                                        const std::vector<std::string>& words) {
  if (words.size() != 1 || words.front().empty()) {
    return protocol::Error{words.size() < 2
                               ? fmt::format("the name of a {} is missing", kind.name)
                               : fmt::format("one {} can be checked at a time", kind.name)};
  }
  std::string name = words.front();
  for (const char* prefix : kind.prefixes) {
    if (name.starts_with(prefix)) {
      name.erase(0, std::string(prefix).size());
      break;
    }
  }
  if (!IsName(name)) {
    return protocol::Error{
        fmt::format("\"{}\" can't be the name of a {}", words.front(), kind.name)};
  }
  return name;
}

protocol::Result<RunOptions> MakeRunOptions(const Raw& raw) {
  auto limit = ParseTimeLimit(raw.timeout);
  auto output = ParseOutput(raw.output);
  if (!limit) {
    return limit.error();
  }
  if (!output) {
    return output.error();
  }
  if (raw.image.empty()) {
    return protocol::Error{"--image: the name of an image is missing"};
  }
  if (raw.save == "-") {
    return protocol::Error{
        "--save \"-\": must be a file, because the report goes to standard output"};
  }
  return RunOptions{*limit, raw.image, raw.probe_namespace, raw.save, *output};
}

protocol::Result<PodOptions> MakePodOptions(const Raw& raw) {
  auto name = ParseName({"pod", {"pod/", "pods/", "po/"}}, raw.pod);
  auto type = ParseProbeType(raw.probe);
  auto ports = gather::ParsePortChoice(raw.ports);
  auto rate = ParseRate(raw.rate);
  auto run = MakeRunOptions(raw);
  if (!name) {
    return name.error();
  }
  if (!type) {
    return type.error();
  }
  if (!ports) {
    return ports.error();
  }
  if (!rate) {
    return rate.error();
  }
  if (!run) {
    return run.error();
  }
  return PodOptions{
      *std::move(run), *std::move(name), {raw.container, *type}, *std::move(ports), *rate};
}

protocol::Result<ServiceOptions> MakeServiceOptions(const Raw& raw) {
  auto name = ParseName({"service", {"service/", "services/", "svc/"}}, raw.service);
  auto run = MakeRunOptions(raw);
  if (!name) {
    return name.error();
  }
  if (!raw.node.empty() && !IsName(raw.node)) {
    return protocol::Error{fmt::format("--node: \"{}\" can't be the name of a node", raw.node)};
  }
  if (!run) {
    return run.error();
  }
  return ServiceOptions{*std::move(run), {*std::move(name), raw.port, raw.node}};
}

protocol::Result<ReplayOptions> MakeReplayOptions(const Raw& raw) {
  auto output = ParseOutput(raw.output);
  if (!output) {
    return output.error();
  }
  if (raw.file.size() != 1 || raw.file.front().empty()) {
    return protocol::Error{raw.file.size() < 2 ? "the file that --save made is missing"
                                               : "one file can be replayed at a time"};
  }
  return ReplayOptions{raw.file.front(), *output};
}

std::variant<Options, Help, UsageError> MakeOptions(const CLI::App& root, const Raw& raw) {
  Options options;
  options.connection = raw.connection;
  options.verbose = raw.verbose;
  if (root.got_subcommand("pod")) {
    auto pod = MakePodOptions(raw);
    if (!pod) {
      return UsageError{pod.error().message};
    }
    options.command = *std::move(pod);
  } else if (root.got_subcommand("service")) {
    auto service = MakeServiceOptions(raw);
    if (!service) {
      return UsageError{service.error().message};
    }
    options.command = *std::move(service);
  } else if (root.got_subcommand("replay")) {
    auto replay = MakeReplayOptions(raw);
    if (!replay) {
      return UsageError{replay.error().message};
    }
    options.command = *std::move(replay);
  } else if (root.got_subcommand("explain")) {
    if (raw.code.size() > 1) {
      return UsageError{"one code can be explained at a time"};
    }
    options.command = ExplainOptions{raw.code.empty() ? "" : raw.code.front()};
  } else if (root.got_subcommand("cleanup")) {
    options.command = CleanupOptions{raw.probe_namespace};
  } else if (root.got_subcommand("version")) {
    const auto output = ParseOutput(raw.output);
    if (!output) {
      return UsageError{output.error().message};
    }
    options.command = VersionOptions{raw.client_only, *output};
  } else if (root.got_subcommand("manifests")) {
    options.command = ManifestsOptions{};
  } else {
    return Help{root.help()};
  }
  return options;
}

}  // namespace

std::variant<Options, Help, UsageError> Parse(const std::vector<std::string>& argv) {
  Raw raw;
  CLI::App root(
      "Tells why kubelet's health checks of a pod, or connections to a Service, fail: seen from "
      "the "
      "node.",
      ProgramName(argv.empty() ? "" : argv.front()));
  root.require_subcommand(0, 1);
  AddConnectionFlags(root, raw);
  AddPodCommand(root, raw);
  AddServiceCommand(root, raw);
  AddReplayCommand(root, raw);
  AddExplainCommand(root, raw);
  AddOtherCommands(root, raw);
  std::vector<std::string> arguments = WithoutVerbosityLevels(argv);
  std::reverse(arguments.begin(), arguments.end());  // As CLI11 wants them.
  try {
    root.parse(std::move(arguments));
    return MakeOptions(root, raw);
  } catch (const CLI::CallForHelp&) {
    const auto chosen = root.get_subcommands();
    return Help{chosen.empty() ? root.help() : chosen.front()->help(root.get_name())};
  } catch (const CLI::Error& e) {
    return UsageError{fmt::format("{}; see `{} --help`", e.what(), root.get_name())};
  }
}

}  // namespace netcheck::cli
