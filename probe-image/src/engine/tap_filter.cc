#include "engine/tap_filter.h"

#include <cstddef>
#include <utility>

namespace netcheck::probe {
namespace {

enum class JumpKind { kTrue, kFalse, kAlways };

struct Jump {
  std::size_t instruction;
  JumpKind kind;
};

/// A place in the program: the jumps that lead there. Classic BPF jumps only forwards.
using Label = std::vector<Jump>;

/// Emits instructions; jumps are filled in when their label is bound. Conditional jumps reach 255
/// instructions; the programs below have about half as many.
class Assembler {
 public:
  void LoadByte(std::uint32_t offset) { Emit(BPF_LD | BPF_B | BPF_ABS, offset); }
  void LoadHalf(std::uint32_t offset) { Emit(BPF_LD | BPF_H | BPF_ABS, offset); }
  void LoadWord(std::uint32_t offset) { Emit(BPF_LD | BPF_W | BPF_ABS, offset); }
  void LoadByteX(std::uint32_t offset) { Emit(BPF_LD | BPF_B | BPF_IND, offset); }
  void LoadHalfX(std::uint32_t offset) { Emit(BPF_LD | BPF_H | BPF_IND, offset); }
  void LoadWordX(std::uint32_t offset) { Emit(BPF_LD | BPF_W | BPF_IND, offset); }
  void SetX(std::uint32_t value) { Emit(BPF_LDX | BPF_W | BPF_IMM, value); }
  /// X = length of the IPv4 header at the packet's start.
  void SetXToIpv4HeaderBytes() { Emit(BPF_LDX | BPF_B | BPF_MSH, 0); }
  void And(std::uint32_t mask) { Emit(BPF_ALU | BPF_AND | BPF_K, mask); }
  void Return(std::uint32_t bytes) { Emit(BPF_RET | BPF_K, bytes); }

  void JumpIfEqual(std::uint32_t value, Label& label) {
    Emit(BPF_JEQ, value, label, JumpKind::kTrue);
  }
  void JumpUnlessEqual(std::uint32_t value, Label& label) {
    Emit(BPF_JEQ, value, label, JumpKind::kFalse);
  }
  void JumpIfAnyBit(std::uint32_t mask, Label& label) {
    Emit(BPF_JSET, mask, label, JumpKind::kTrue);
  }
  void JumpUnlessAnyBit(std::uint32_t mask, Label& label) {
    Emit(BPF_JSET, mask, label, JumpKind::kFalse);
  }
  void JumpIfAbove(std::uint32_t value, Label& label) {
    Emit(BPF_JGT, value, label, JumpKind::kTrue);
  }
  void GoTo(Label& label) { Emit(BPF_JA, 0, label, JumpKind::kAlways); }

  /// The label stands before the next instruction.
  void Bind(const Label& label) {
    for (const Jump& jump : label) {
      const std::size_t distance = program_.size() - jump.instruction - 1;
      sock_filter& instruction = program_[jump.instruction];
      if (jump.kind == JumpKind::kAlways) {
        instruction.k = static_cast<std::uint32_t>(distance);
      } else if (jump.kind == JumpKind::kTrue) {
        instruction.jt = static_cast<std::uint8_t>(distance);
      } else {
        instruction.jf = static_cast<std::uint8_t>(distance);
      }
    }
  }

  std::vector<sock_filter> Take() { return std::move(program_); }

 private:
  void Emit(int code, std::uint32_t k) {
    program_.push_back({static_cast<std::uint16_t>(code), 0, 0, k});
  }
  void Emit(int condition, std::uint32_t k, Label& label, JumpKind kind) {
    label.push_back({program_.size(), kind});
    Emit(BPF_JMP | condition | BPF_K, k);
  }

  std::vector<sock_filter> program_;
};

/// Offsets of one IP version's headers.
struct Layout {
  std::uint32_t source;
  std::uint32_t destination;
  std::uint32_t quoted_source;  ///< Relative to the ICMP header.
  std::uint32_t quoted_destination;
};

constexpr Layout kIpv4 = {12, 16, 8 + 12, 8 + 16};
constexpr Layout kIpv6 = {8, 24, 8 + 8, 8 + 24};
constexpr std::uint32_t kSourcePort = 0;
constexpr std::uint32_t kDestinationPort = 2;
constexpr std::uint32_t kTcpFlags = 13;
constexpr std::uint32_t kSynOrRst = 0x06;

std::uint32_t Word(const IpAddress& address, std::size_t index) {
  const auto* bytes = address.bytes.data() + index * 4;
  return (static_cast<std::uint32_t>(bytes[0]) << 24U) |
         (static_cast<std::uint32_t>(bytes[1]) << 16U) |
         (static_cast<std::uint32_t>(bytes[2]) << 8U) | bytes[3];
}

enum class Base { kPacket, kTransport };

/// Jumps unless that address stands at `offset`.
void RequireAddress(
    Assembler& code, Base base, std::uint32_t offset, const IpAddress& address, Label& otherwise) {
  const std::size_t words = address.family == AF_INET ? 1 : 4;
  for (std::size_t i = 0; i < words; ++i) {
    const auto word_offset = offset + static_cast<std::uint32_t>(i) * 4;
    base == Base::kPacket ? code.LoadWord(word_offset) : code.LoadWordX(word_offset);
    code.JumpUnlessEqual(Word(address, i), otherwise);
  }
}

void RequirePort(Assembler& code, std::uint32_t offset, std::uint16_t port, Label& otherwise) {
  code.LoadHalfX(offset);
  code.JumpUnlessEqual(port, otherwise);
}

/// TCP whose near side, at (`address_offset`, `port_offset`), is the target.
void AcceptTargetSide(Assembler& code,
                      const TapFilter& filter,
                      std::uint32_t address_offset,
                      std::uint32_t port_offset,
                      std::uint32_t peer_offset,
                      Label& accept) {
  Label next;
  RequireAddress(code, Base::kPacket, address_offset, filter.target.address, next);
  RequirePort(code, port_offset, filter.target.port, next);
  code.LoadByteX(kTcpFlags);
  code.JumpIfAnyBit(kSynOrRst, accept);
  if (filter.node_address.family != AF_UNSPEC) {
    RequireAddress(code, Base::kPacket, peer_offset, filter.node_address, next);
    code.GoTo(accept);
  }
  code.Bind(next);
}

void AcceptControlSide(Assembler& code,
                       const TapFilter& filter,
                       std::uint32_t address_offset,
                       std::uint32_t port_offset,
                       Label& accept) {
  Label next;
  RequireAddress(code, Base::kPacket, address_offset, filter.node_address, next);
  RequirePort(code, port_offset, filter.control_port, next);
  code.GoTo(accept);
  code.Bind(next);
}

/// X points to the TCP header. Falls through where nothing fits.
void AcceptTcp(Assembler& code, const TapFilter& filter, const Layout& layout, Label& accept) {
  AcceptTargetSide(code, filter, layout.destination, kDestinationPort, layout.source, accept);
  AcceptTargetSide(code, filter, layout.source, kSourcePort, layout.destination, accept);
  if (filter.control_port != 0 && filter.node_address.family != AF_UNSPEC) {
    AcceptControlSide(code, filter, layout.destination, kDestinationPort, accept);
    AcceptControlSide(code, filter, layout.source, kSourcePort, accept);
  }
}

/// Accepts if either address is the target's, otherwise drops.
void AcceptAddresses(Assembler& code,
                     Base base,
                     std::uint32_t source,
                     std::uint32_t destination,
                     const IpAddress& target,
                     Label& accept,
                     Label& drop) {
  Label try_destination;
  RequireAddress(code, base, source, target, try_destination);
  code.GoTo(accept);
  code.Bind(try_destination);
  RequireAddress(code, base, destination, target, drop);
  code.GoTo(accept);
}

void BuildIpv4(Assembler& code, const TapFilter& filter, Label& accept, Label& drop) {
  Label icmp;
  code.LoadHalf(6);
  code.JumpIfAnyBit(0x1FFF, drop);  // Fragment offset: no transport header here.
  code.SetXToIpv4HeaderBytes();
  code.LoadByte(9);
  code.JumpIfEqual(1, icmp);
  code.JumpUnlessEqual(6, drop);
  AcceptTcp(code, filter, kIpv4, accept);
  code.GoTo(drop);

  Label error;
  code.Bind(icmp);
  code.LoadByteX(0);
  for (const std::uint32_t type : {3U, 11U, 12U}) {
    code.JumpIfEqual(type, error);
  }
  code.GoTo(drop);
  code.Bind(error);
  AcceptAddresses(code,
                  Base::kTransport,
                  kIpv4.quoted_source,
                  kIpv4.quoted_destination,
                  filter.target.address,
                  accept,
                  drop);
}

void BuildIpv6(Assembler& code, const TapFilter& filter, Label& accept, Label& drop) {
  Label icmp;
  Label extension;
  code.SetX(40);
  code.LoadByte(6);
  code.JumpIfEqual(58, icmp);
  for (const std::uint32_t header : {0U, 43U, 44U, 60U}) {
    code.JumpIfEqual(header, extension);
  }
  code.JumpUnlessEqual(6, drop);
  AcceptTcp(code, filter, kIpv6, accept);
  code.GoTo(drop);

  code.Bind(extension);
  AcceptAddresses(
      code, Base::kPacket, kIpv6.source, kIpv6.destination, filter.target.address, accept, drop);

  code.Bind(icmp);
  code.LoadByteX(0);
  code.JumpIfEqual(0, drop);
  code.JumpIfAbove(4, drop);  // 1 to 4 are errors (RFC 4443 §3).
  AcceptAddresses(code,
                  Base::kTransport,
                  kIpv6.quoted_source,
                  kIpv6.quoted_destination,
                  filter.target.address,
                  accept,
                  drop);
}

}  // namespace

std::vector<sock_filter> BuildTapFilter(const TapFilter& filter) {
  const bool is_v4 = filter.target.address.family == AF_INET;
  Assembler code;
  Label accept;
  Label drop;
  code.LoadByte(0);
  code.And(0xF0);
  code.JumpUnlessEqual(is_v4 ? 0x40 : 0x60, drop);
  is_v4 ? BuildIpv4(code, filter, accept, drop) : BuildIpv6(code, filter, accept, drop);
  code.Bind(drop);
  code.Return(0);
  code.Bind(accept);
  code.Return(kSnapBytes);
  return code.Take();
}

}  // namespace netcheck::probe
