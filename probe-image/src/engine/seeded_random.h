#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace netcheck::probe {

/// Random numbers that are the same for a seed under every standard library, which the
/// distributions and std::shuffle are not (SplitMix64, Steele, Lea and Flood 2014).
class SeededRandom {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}

  std::uint64_t Next() {
    state_ += 0x9E3779B97F4A7C15U;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBU;
    return mixed ^ (mixed >> 31U);
  }

  /// In [0, bound), bound > 0. The bias for the bounds used here (below 2^17) is below 2^-47.
  std::size_t Below(std::size_t bound) { return static_cast<std::size_t>(Next() % bound); }

  template <typename T>
  void Shuffle(std::vector<T>& values) {
    for (std::size_t i = values.size(); i > 1; --i) {
      std::swap(values[i - 1], values[Below(i)]);
    }
  }

 private:
  std::uint64_t state_;
};

}  // namespace netcheck::probe
