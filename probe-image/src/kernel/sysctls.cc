#include "kernel/sysctls.h"

#include <dirent.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

#include "kernel/procfs_text.h"
#include "sys/file_reader.h"
#include "sys/system_error.h"

namespace netcheck::probe {
namespace {

using protocol::Fact;
using protocol::Result;
using protocol::Unavailable;

constexpr auto kNames = std::to_array<const char*>({
    // Where connect() without bind() takes its source port from.
    "net.ipv4.ip_local_port_range",
    // Ports of that range which the kernel never chooses by itself: the remedy for collisions.
    "net.ipv4.ip_local_reserved_ports",
    // Whether a source port in TIME_WAIT may be used again for a new connection.
    "net.ipv4.tcp_tw_reuse",
    // Before 4.12: 1 drops SYNs whose timestamp is older than the last one of the same address.
    "net.ipv4.tcp_tw_recycle",
    // 1: timestamps with an offset for each connection, 2: without, 0: none (and no PAWS).
    "net.ipv4.tcp_timestamps",
    // What happens to a SYN when the queue of half-open connections is full: 0 drop, 1 cookie.
    "net.ipv4.tcp_syncookies",
    // Half-open connections remembered for a listener without cookies.
    "net.ipv4.tcp_max_syn_backlog",
    // SYNs sent again before connect() fails; decides how long a stuck port stays stuck.
    "net.ipv4.tcp_syn_retries",
    "net.ipv4.tcp_syn_linear_timeouts",
    // SYN-ACKs sent again by a listener.
    "net.ipv4.tcp_synack_retries",
    // 1: a full accept queue answers the last ACK with RST instead of silence.
    "net.ipv4.tcp_abort_on_overflow",
    // Whether the path MTU is probed when ICMP is filtered: 0 never, 1 after a black hole, 2
    // always.
    "net.ipv4.tcp_mtu_probing",
    // Looks the socket up before routing; some redirecting datapaths need it off.
    "net.ipv4.tcp_early_demux",
    "net.ipv4.ip_early_demux",
    // Fast Open sends data in the SYN, which middleboxes drop.
    "net.ipv4.tcp_fastopen",
    // ECN in the SYN, which middleboxes drop.
    "net.ipv4.tcp_ecn",
    // Sockets in TIME_WAIT before new ones are closed at once.
    "net.ipv4.tcp_max_tw_buckets",
    // Orphaned sockets before new ones are reset.
    "net.ipv4.tcp_max_orphans",
    // ICMP errors of one kind that are sent each second for one destination.
    "net.ipv4.icmp_ratelimit",
    // Whether a node forwards between its pods and the world.
    "net.ipv4.ip_forward",
    // Reverse path check of arriving packets: the larger of all and the device's own value holds.
    "net.ipv4.conf.all.rp_filter",
    "net.ipv4.conf.default.rp_filter",
    // Whether packets with a source or destination in 127.0.0.0/8 may cross a device.
    "net.ipv4.conf.all.route_localnet",
    // Whether packets whose source is one of the node's own addresses are accepted.
    "net.ipv4.conf.all.accept_local",
    // Which of its addresses a device answers ARP for, and which it asks with.
    "net.ipv4.conf.all.arp_ignore",
    "net.ipv4.conf.all.arp_announce",
    // Whether dropped "martian" packets are logged, so that a missing message means something.
    "net.ipv4.conf.all.log_martians",
    // Entries of the neighbour (ARP) table beyond which new ones fail.
    "net.ipv4.neigh.default.gc_thresh1",
    "net.ipv4.neigh.default.gc_thresh2",
    "net.ipv4.neigh.default.gc_thresh3",
    // The same for IPv6, whose forwarding and very presence decide over dual-stack probes.
    "net.ipv6.neigh.default.gc_thresh3",
    "net.ipv6.conf.all.forwarding",
    "net.ipv6.conf.all.disable_ipv6",
    "net.ipv6.conf.default.disable_ipv6",
    // What IPV6_V6ONLY starts as: 1 makes "::" listeners deaf for IPv4.
    "net.ipv6.bindv6only",
    // Entries of the IPv6 route cache on kernels before 6.3.
    "net.ipv6.route.max_size",
    // Upper limit of listen()'s backlog: 128 before 5.4, 4096 since.
    "net.core.somaxconn",
    // Packets waiting for a CPU before arriving ones are dropped (softnet_stat).
    "net.core.netdev_max_backlog",
    // Packets and time of one receive softirq.
    "net.core.netdev_budget",
    "net.core.netdev_budget_usecs",
    // Queueing discipline of new devices.
    "net.core.default_qdisc",
    // Whether bridged packets (pods of one node) pass iptables; without it Services half work.
    "net.bridge.bridge-nf-call-iptables",
    "net.bridge.bridge-nf-call-ip6tables",
    // Connection tracking: fill, and what it does with packets that fit no state.
    "net.netfilter.nf_conntrack_max",
    "net.netfilter.nf_conntrack_count",
    "net.netfilter.nf_conntrack_buckets",
    "net.netfilter.nf_conntrack_tcp_be_liberal",
    "net.netfilter.nf_conntrack_tcp_loose",
    "net.netfilter.nf_conntrack_log_invalid",
    "net.netfilter.nf_conntrack_checksum",
    // How long each probe holds an entry.
    "net.netfilter.nf_conntrack_tcp_timeout_syn_sent",
    "net.netfilter.nf_conntrack_tcp_timeout_syn_recv",
    "net.netfilter.nf_conntrack_tcp_timeout_established",
    "net.netfilter.nf_conntrack_tcp_timeout_time_wait",
    "net.netfilter.nf_conntrack_tcp_timeout_close_wait",
    // IPVS: whether its connections are tracked, reused, or dropped with their destination.
    "net.ipv4.vs.conntrack",
    "net.ipv4.vs.conn_reuse_mode",
    "net.ipv4.vs.expire_nodest_conn",
    "net.ipv4.vs.expire_quiescent_template",
    // IPVS: whether packets without SYN may start a connection.
    "net.ipv4.vs.sloppy_tcp",
    // Open files and processes of the whole node: EMFILE and EAGAIN of a busy server.
    "fs.file-max",
    "kernel.pid_max",
});

constexpr std::size_t kMaxDevices = 64;
/// Longer values don't fit into a line of the stream.
constexpr std::size_t kMaxValue = 3000;

std::string PathOf(const std::string& name, const std::string& proc_root) {
  std::string path = name;
  std::transform(path.begin(), path.end(), path.begin(), [](char c) {
    return c == '.' ? '/' : c == '/' ? '.' : c;
  });
  return proc_root + "/sys/" + path;
}

struct CloseDirectory {
  void operator()(DIR* directory) const { closedir(directory); }
};

/// Names of the network devices that have IPv4 settings, sorted.
std::vector<std::string> Devices(const std::string& proc_root) {
  std::vector<std::string> devices;
  const std::unique_ptr<DIR, CloseDirectory> directory(
      opendir((proc_root + "/sys/net/ipv4/conf").c_str()));
  while (const dirent* entry = directory ? readdir(directory.get()) : nullptr) {
    const std::string name = entry->d_name;
    if (!name.starts_with('.') && name != "all" && name != "default") {
      devices.push_back(name);
    }
  }
  std::sort(devices.begin(), devices.end());
  return devices;
}

}  // namespace

std::span<const char* const> RelevantSysctls() {
  return kNames;
}

Result<std::string> ReadSysctl(const std::string& name, const std::string& proc_root) {
  auto text = ReadFile(PathOf(name, proc_root));
  if (!text) {
    return text;
  }
  const std::string value(Trim(*text));
  if (value.size() > kMaxValue) {
    return SystemError("value of " + std::to_string(value.size()) + " bytes", EFBIG);
  }
  return value;
}

std::vector<Fact> ReadSysctls(protocol::Moment moment,
                              protocol::Where where,
                              const std::string& proc_root) {
  std::vector<Fact> facts;
  protocol::Sysctls sysctls{moment, where, {}};
  const auto read = [&](const std::string& name) {
    auto value = ReadSysctl(name, proc_root);
    if (value) {
      sysctls.values[name] = std::move(*value);
    } else {
      facts.emplace_back(Unavailable{
          moment, where, "sysctl " + name, value.error().message, value.error().error_number});
    }
  };
  std::for_each(kNames.begin(), kNames.end(), read);
  auto devices = Devices(proc_root);
  if (devices.size() > kMaxDevices) {
    facts.emplace_back(Unavailable{
        moment,
        where,
        "sysctl net.ipv4.conf.*.rp_filter",
        std::to_string(devices.size() - kMaxDevices) + " more devices than are reported",
        0});
    devices.resize(kMaxDevices);
  }
  for (auto& device : devices) {
    std::replace(device.begin(), device.end(), '.', '/');
    read("net.ipv4.conf." + device + ".rp_filter");
  }
  facts.emplace(facts.begin(), std::move(sysctls));
  return facts;
}

}  // namespace netcheck::probe
