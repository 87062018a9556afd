#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "engine/address.h"
#include "sys/unique_fd.h"

namespace netcheck::probe::test {

/// Ports of the pod: on the first a server accepts and closes, on the second nobody listens.
inline constexpr int kOpenPort = 8080;
inline constexpr int kClosedPort = 8081;

/// A node and a pod as a CNI plugin makes them: the calling process moves into a new network
/// namespace (the node) with a bridge, a child process holds another one (the pod), joined by a
/// veth pair. The child serves kOpenPort on all addresses; it ends with this object, or with the
/// process. Names are the same in every instance, everything disappears with the namespaces.
class NodeAndPod {
 public:
  /// Prints why the calling test is skipped and returns false if this is not possible here.
  static bool Possible();

  NodeAndPod();
  ~NodeAndPod();
  NodeAndPod(const NodeAndPod&) = delete;
  NodeAndPod& operator=(const NodeAndPod&) = delete;

  [[nodiscard]] int pod_netns_fd() const { return pod_netns_.get(); }
  [[nodiscard]] pid_t pod_pid() const { return pod_pid_; }
  static std::string NodeAddress(int family) { return family == AF_INET ? "10.99.0.1" : "fd99::1"; }
  static std::string PodAddress(int family) { return family == AF_INET ? "10.99.0.2" : "fd99::2"; }

  /// Runs a shell command in the namespace; a test failure if it fails.
  static void InNode(const std::string& command);
  void InPod(const std::string& command) const;

 private:
  pid_t pod_pid_ = -1;
  UniqueFd pod_netns_;
};

/// A connection from a port that the kernel chooses, closed at once; 0 or errno. Waits 5 s at most.
int ConnectOnce(const Endpoint& target);
/// A connection that ends in TIME_WAIT on this side, as kubelet's TCP probes do; its source port.
std::uint16_t LeaveInTimeWait(const Endpoint& target);
/// IP_LOCAL_PORT_RANGE is there.
bool KernelSharesPorts();
/// A TCP socket that listens on [::]:port of the calling namespace (IPv4 included).
UniqueFd ListenOn(int port);

}  // namespace netcheck::probe::test
