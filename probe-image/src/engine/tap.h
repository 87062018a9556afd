#pragma once

#include <linux/filter.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "protocol/result.h"
#include "sys/unique_fd.h"

// A packet tap: AF_PACKET socket of all devices of one network namespace (packet(7)).
namespace netcheck::probe {

/// A packet as the kernel handed it over; `bytes` are valid until Pop().
struct RawPacket {
  std::span<const std::uint8_t> bytes;  ///< From the IP header on, at most kSnapBytes.
  std::int64_t realtime_ns = 0;         ///< CLOCK_REALTIME, stamped by the kernel.
  int device = 0;                       ///< Interface index.
  bool outgoing = false;                ///< PACKET_OUTGOING.
  bool other_host = false;              ///< PACKET_OTHERHOST.
};

struct TapOptions {
  int netns_fd = -1;  ///< The namespace; -1: the probe's own.
  int device = 0;     ///< Interface index; 0: all.
  std::vector<sock_filter> filter;
  /// Packets that the ring holds, a power of two; each takes 256 bytes of kernel memory.
  int ring_packets = 4096;
  bool use_ring = true;  ///< false: recvmsg(2), as on kernels that refuse the ring.
};

class Tap {
 public:
  /// The socket is made with protocol 0 and bound only after filter and ring are in place, so
  /// nothing unfiltered ever enters. Falls back to recvmsg(2) where no ring is to be had. Fails
  /// without CAP_NET_RAW (EPERM) or AF_PACKET (EAFNOSUPPORT).
  static protocol::Result<Tap> Open(const TapOptions& options);

  Tap(Tap&& other) noexcept;
  Tap& operator=(Tap&& other) noexcept;
  ~Tap();

  /// The oldest packet that was not popped; nullptr: none is there now. Never blocks.
  const RawPacket* Front();
  void Pop();

  /// Packets lost since the last call because the ring (or the socket's queue) was full
  /// (PACKET_STATISTICS, tp_drops); -1: the kernel did not say.
  std::int64_t TakeDropped();

 private:
  explicit Tap(UniqueFd fd) : fd_(std::move(fd)) {}
  bool MapRing(int packets);
  void Unmap();
  bool FrontOfRing();
  bool FrontOfSocket();

  UniqueFd fd_;
  std::uint8_t* ring_ = nullptr;
  std::size_t ring_bytes_ = 0;
  std::size_t next_frame_ = 0;
  std::vector<std::uint8_t> buffer_;  ///< Without a ring: the packet that Front() gave.
  RawPacket front_;
  bool has_front_ = false;
};

}  // namespace netcheck::probe
