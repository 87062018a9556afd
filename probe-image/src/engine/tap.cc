#include "engine/tap.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

#include "engine/tap_filter.h"
#include "sys/netns.h"
#include "sys/system_error.h"

namespace netcheck::probe {
namespace {

using protocol::Result;

constexpr std::size_t kFrameBytes = 256;
/// A multiple of every page size in use.
constexpr std::size_t kBlockBytes = 64U << 10U;
constexpr int kQueueBytes = 4 << 20;
constexpr std::int64_t kNsPerSecond = 1'000'000'000;

static_assert(TPACKET_ALIGN(TPACKET2_HDRLEN) + 16 + kSnapBytes <= kFrameBytes,
              "a frame holds its header and what the filter lets through");

template <typename T>
bool SetOption(int fd, int level, int name, const T& value) {
  return setsockopt(fd, level, name, &value, sizeof(value)) == 0;
}

Result<UniqueFd> PacketSocket(int netns_fd) {
  // Protocol 0: receives nothing until it is bound to a protocol.
  constexpr int kType = SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
  if (netns_fd >= 0) {
    return SocketInNetns(netns_fd, AF_PACKET, kType, 0);
  }
  UniqueFd fd(socket(AF_PACKET, kType, 0));
  if (!fd.valid()) {
    return SystemError("packet socket", errno);
  }
  return fd;
}

Result<void> AttachFilter(int fd, const std::vector<sock_filter>& filter) {
  sock_fprog program{};
  program.len = static_cast<unsigned short>(filter.size());
  program.filter = const_cast<sock_filter*>(filter.data());  // The kernel only reads it.
  if (!SetOption(fd, SOL_SOCKET, SO_ATTACH_FILTER, program)) {
    return SystemError("filter of the packet socket", errno);
  }
  return {};
}

Result<void> BindToDevice(int fd, int device) {
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);  // Less would not include what is sent.
  address.sll_ifindex = device;
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return SystemError("bind of the packet socket", errno);
  }
  return {};
}

/// Without a ring: a long queue, and stamps in a control message.
Result<void> PrepareQueue(int fd) {
  SetOption(fd, SOL_SOCKET, SO_RCVBUFFORCE, kQueueBytes);
  const int on = 1;
  if (!SetOption(fd, SOL_SOCKET, SO_TIMESTAMPNS, on)) {
    return SystemError("time stamps of the packet socket", errno);
  }
  return {};
}

/// The stamp is the only control message that PrepareQueue() asks for.
std::int64_t StampOf(msghdr& message) {
  const cmsghdr* part = CMSG_FIRSTHDR(&message);
  if (part == nullptr || part->cmsg_level != SOL_SOCKET || part->cmsg_type != SO_TIMESTAMPNS) {
    return 0;
  }
  timespec stamp{};
  std::memcpy(&stamp, CMSG_DATA(part), sizeof(stamp));
  return static_cast<std::int64_t>(stamp.tv_sec) * kNsPerSecond + stamp.tv_nsec;
}

}  // namespace

Result<Tap> Tap::Open(const TapOptions& options) {
  auto fd = PacketSocket(options.netns_fd);
  if (!fd) {
    return fd.error();
  }
  Tap tap(std::move(fd).value());
  if (auto attached = AttachFilter(tap.fd_.get(), options.filter); !attached) {
    return attached.error();
  }
  if (!options.use_ring || !tap.MapRing(options.ring_packets)) {
    if (auto prepared = PrepareQueue(tap.fd_.get()); !prepared) {
      return prepared.error();
    }
    tap.buffer_.resize(kSnapBytes);
  }
  if (auto bound = BindToDevice(tap.fd_.get(), options.device); !bound) {
    return bound.error();
  }
  return tap;
}

Tap::Tap(Tap&& other) noexcept {
  *this = std::move(other);
}

Tap& Tap::operator=(Tap&& other) noexcept {
  if (this != &other) {
    Unmap();
    fd_ = std::move(other.fd_);
    ring_ = std::exchange(other.ring_, nullptr);
    ring_bytes_ = std::exchange(other.ring_bytes_, 0);
    next_frame_ = std::exchange(other.next_frame_, 0);
    buffer_ = std::move(other.buffer_);
    front_ = other.front_;
    has_front_ = std::exchange(other.has_front_, false);
  }
  return *this;
}

Tap::~Tap() {
  Unmap();
}

void Tap::Unmap() {
  if (ring_ != nullptr) {
    munmap(ring_, ring_bytes_);
    ring_ = nullptr;
  }
}

bool Tap::MapRing(int packets) {
  const std::size_t wanted = static_cast<std::size_t>(std::max(packets, 1)) * kFrameBytes;
  const std::size_t blocks = (wanted + kBlockBytes - 1) / kBlockBytes;
  tpacket_req request{};
  request.tp_block_size = kBlockBytes;
  request.tp_block_nr = static_cast<unsigned>(blocks);
  request.tp_frame_size = kFrameBytes;
  request.tp_frame_nr = static_cast<unsigned>(blocks * kBlockBytes / kFrameBytes);
  const int version = TPACKET_V2;
  if (!SetOption(fd_.get(), SOL_PACKET, PACKET_VERSION, version) ||
      !SetOption(fd_.get(), SOL_PACKET, PACKET_RX_RING, request)) {
    return false;
  }
  void* memory =
      mmap(nullptr, blocks * kBlockBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd_.get(), 0);
  if (memory == MAP_FAILED) {
    const tpacket_req none{};  // Otherwise packets would go into a ring that nobody reads.
    SetOption(fd_.get(), SOL_PACKET, PACKET_RX_RING, none);
    return false;
  }
  ring_ = static_cast<std::uint8_t*>(memory);
  ring_bytes_ = blocks * kBlockBytes;
  return true;
}

const RawPacket* Tap::Front() {
  if (!has_front_) {
    has_front_ = ring_ != nullptr ? FrontOfRing() : FrontOfSocket();
  }
  return has_front_ ? &front_ : nullptr;
}

bool Tap::FrontOfRing() {
  const std::uint8_t* frame = ring_ + next_frame_ * kFrameBytes;
  const auto* header = reinterpret_cast<const tpacket2_hdr*>(frame);
  if ((__atomic_load_n(&header->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER) == 0) {
    return false;
  }
  sockaddr_ll address{};
  std::memcpy(&address, frame + TPACKET_ALIGN(sizeof(tpacket2_hdr)), sizeof(address));
  const std::size_t offset = std::min<std::size_t>(header->tp_mac, kFrameBytes);
  const std::size_t size = std::min<std::size_t>(header->tp_snaplen, kFrameBytes - offset);
  front_.bytes = {frame + offset, size};
  front_.realtime_ns = static_cast<std::int64_t>(header->tp_sec) * kNsPerSecond + header->tp_nsec;
  front_.device = address.sll_ifindex;
  front_.outgoing = address.sll_pkttype == PACKET_OUTGOING;
  front_.other_host = address.sll_pkttype == PACKET_OTHERHOST;
  return true;
}

bool Tap::FrontOfSocket() {
  sockaddr_ll address{};
  iovec data{buffer_.data(), buffer_.size()};
  alignas(cmsghdr) std::array<char, 128> control{};
  msghdr message{};
  message.msg_name = &address;
  message.msg_namelen = sizeof(address);
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t size = recvmsg(fd_.get(), &message, MSG_DONTWAIT);
  if (size < 0) {
    return false;
  }
  front_.bytes = {buffer_.data(), static_cast<std::size_t>(size)};
  front_.realtime_ns = StampOf(message);
  front_.device = address.sll_ifindex;
  front_.outgoing = address.sll_pkttype == PACKET_OUTGOING;
  front_.other_host = address.sll_pkttype == PACKET_OTHERHOST;
  return true;
}

void Tap::Pop() {
  if (has_front_ && ring_ != nullptr) {
    auto* header = reinterpret_cast<tpacket2_hdr*>(ring_ + next_frame_ * kFrameBytes);
    __atomic_store_n(&header->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
    next_frame_ = (next_frame_ + 1) % (ring_bytes_ / kFrameBytes);
  }
  has_front_ = false;
}

std::int64_t Tap::TakeDropped() {
  tpacket_stats statistics{};
  socklen_t size = sizeof(statistics);
  if (getsockopt(fd_.get(), SOL_PACKET, PACKET_STATISTICS, &statistics, &size) != 0) {
    return -1;
  }
  return statistics.tp_drops;
}

}  // namespace netcheck::probe
