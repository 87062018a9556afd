#include "unit/engine/bpf_interpreter.h"

#include <doctest/doctest.h>

#include <optional>

namespace netcheck::probe::test {
namespace {

std::optional<std::uint32_t> Load(std::span<const std::uint8_t> packet,
                                  std::uint64_t offset,
                                  std::uint32_t size) {
  if (offset + size > packet.size()) {
    return std::nullopt;
  }
  std::uint32_t value = 0;
  for (std::uint64_t i = offset; i < offset + size; ++i) {
    value = (value << 8U) | packet[i];
  }
  return value;
}

std::uint32_t SizeOf(std::uint16_t code) {
  switch (BPF_SIZE(code)) {
    case BPF_B:
      return 1;
    case BPF_H:
      return 2;
    default:
      return 4;
  }
}

bool Holds(std::uint16_t code, std::uint32_t a, std::uint32_t k) {
  switch (BPF_OP(code)) {
    case BPF_JEQ:
      return a == k;
    case BPF_JGT:
      return a > k;
    default:
      return (a & k) != 0;
  }
}

}  // namespace

std::uint32_t RunBpf(const std::vector<sock_filter>& program,
                     std::span<const std::uint8_t> packet) {
  std::uint32_t a = 0;
  std::uint32_t x = 0;
  for (std::size_t pc = 0; pc < program.size(); ++pc) {
    const sock_filter& in = program[pc];
    switch (BPF_CLASS(in.code)) {
      case BPF_LD: {
        const auto value =
            Load(packet, in.k + (BPF_MODE(in.code) == BPF_IND ? x : 0ULL), SizeOf(in.code));
        if (!value) {
          return 0;
        }
        a = *value;
        break;
      }
      case BPF_LDX: {
        const auto first = Load(packet, in.k, 1);
        if (BPF_MODE(in.code) == BPF_MSH && !first) {
          return 0;
        }
        x = BPF_MODE(in.code) == BPF_MSH ? (*first & 0x0FU) * 4 : in.k;
        break;
      }
      case BPF_ALU:
        REQUIRE(BPF_OP(in.code) == BPF_AND);
        a &= in.k;
        break;
      case BPF_JMP:
        pc += BPF_OP(in.code) == BPF_JA ? in.k : Holds(in.code, a, in.k) ? in.jt : in.jf;
        break;
      case BPF_RET:
        return in.k;
      default:
        FAIL("unexpected instruction");
    }
  }
  FAIL("the program ends without a return");
  return 0;
}

}  // namespace netcheck::probe::test
