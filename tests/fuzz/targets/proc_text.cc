// Files of /proc and of cgroups. Names of processes and cgroups in them are chosen by others.
#include "fuzz/fuzz_target.h"
#include "kernel/counters.h"
#include "kernel/ipvs.h"
#include "kernel/kernel_modules.h"
#include "kernel/listening_sockets.h"
#include "kernel/procfs_text.h"
#include "target/cgroup_path.h"
#include "target/cpu_stat.h"
#include "target/process_stat.h"

namespace netcheck::fuzz {
namespace {

using namespace netcheck::probe;

void ReadTables(std::string_view text) {
  static_cast<void>(ParseCounterPairs(text));
  static_cast<void>(ParseSnmp6(text));
  static_cast<void>(ParsePerCpuTable(text));
  static_cast<void>(ParseSoftnetStat(text));
  static_cast<void>(ListsLoadedModule(text, "nf_conntrack"));
  static_cast<void>(ListsBuiltinModule(text, "nf_conntrack"));
  constexpr std::size_t kMaxDestinations = 2;
  IpvsServiceParser services(kMaxDestinations);
  for (const std::string_view line : SplitLines(text)) {
    static_cast<void>(ParseProcTcpLine(line));
    static_cast<void>(ParseIpvsConnection(line));
    services.AddLine(line);
  }
  for (const auto& service : services.services()) {
    Require(service.destinations.size() <= kMaxDestinations, "few destinations are kept");
  }
}

void ReadProcess(std::string_view text) {
  constexpr std::string_view kPod = "11111111-2222-3333-4444-555555555555";
  constexpr std::string_view kContainer =
      "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
  static_cast<void>(ParseProcessStat(text));
  static_cast<void>(ParseCpuStat(text));
  const auto mounts = ParseCgroupMounts(text);
  for (const CgroupLine& line : ParseCgroupFile(text)) {
    static_cast<void>(HasController(line.controllers, "cpu"));
    static_cast<void>(IsInPod(line.path, kPod));
    static_cast<void>(ContainerBelowPod(line.path, kPod));
    Require(ContainerCgroup(line.path, kContainer).empty() != IsInContainer(line.path, kContainer),
            "who is inside of a container is in its cgroup");
    static_cast<void>(CpuStatPaths(mounts, true, line.path));
  }
}

}  // namespace
}  // namespace netcheck::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  netcheck::fuzz::ReadTables(netcheck::fuzz::Text(data, size));
  netcheck::fuzz::ReadProcess(netcheck::fuzz::Text(data, size));
  return 0;
}
