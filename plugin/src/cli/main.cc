#include <memory>
#include <utility>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/logging_api.h"
#include "cli/parse.h"
#include "kube/client.h"
#include "os/os.h"

namespace netcheck::cli {
namespace {

int RunInCluster(const Options& options, const Cluster& cluster, Console& console) {
  if (const auto* pod = std::get_if<PodOptions>(&options.command)) {
    return RunPodCommand(*pod, options.verbose, cluster, console);
  }
  if (const auto* service = std::get_if<ServiceOptions>(&options.command)) {
    return RunServiceCommand(*service, options.verbose, cluster, console);
  }
  if (const auto* cleanup = std::get_if<CleanupOptions>(&options.command)) {
    return RunCleanupCommand(*cleanup, cluster, console);
  }
  return RunVersionCommand(std::get<VersionOptions>(options.command), &cluster, console);
}

int ConnectAndRun(const Options& options, Console& console) {
  auto connection = kube::ResolveConnection(options.connection);
  if (!connection) {
    return console.Fail(connection.error().message);
  }
  auto api = kube::Connect(*connection);
  if (!api) {
    return console.Fail(api.error().message);
  }
  if (!options.verbose) {
    return RunInCluster(options, {**api, connection->default_namespace}, console);
  }
  LoggingApi logging(**api, [&](const std::string& line) { console.err << line << std::endl; });
  return RunInCluster(options, {logging, connection->default_namespace}, console);
}

}  // namespace

int Main(const std::vector<std::string>& argv, std::ostream& out, std::ostream& err) {
  os::CatchInterrupts();
  Console console = OpenConsole(out, err);
  const auto parsed = Parse(argv);
  if (const auto* help = std::get_if<Help>(&parsed)) {
    out << help->text << std::flush;
    return kExitHealthy;
  }
  if (const auto* error = std::get_if<UsageError>(&parsed)) {
    return console.Fail(error->message);
  }
  const auto& options = std::get<Options>(parsed);
  if (std::holds_alternative<ManifestsOptions>(options.command)) {
    return RunManifestsCommand(console);
  }
  if (const auto* replay = std::get_if<ReplayOptions>(&options.command)) {
    return RunReplayCommand(*replay, options.verbose, console);
  }
  if (const auto* explain = std::get_if<ExplainOptions>(&options.command)) {
    return RunExplainCommand(*explain, console);
  }
  const auto* version = std::get_if<VersionOptions>(&options.command);
  if (version != nullptr && version->client_only) {
    return RunVersionCommand(*version, nullptr, console);
  }
  return ConnectAndRun(options, console);
}

}  // namespace netcheck::cli
