#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/facts.h"

// Lines of the probe's output: {"n": 0, "kind": "hello", ...}. `n` counts from 0 without a gap, so
// a log that is read again after a broken connection joins with what was read before.
namespace netcheck::protocol {

/// No line is longer, newline included; the container runtimes split lines at 16 KiB.
inline constexpr std::size_t kMaxLineBytes = 4096;
/// No stream is longer; kubelet rotates logs at 10 MiB and serves only the newest file.
inline constexpr std::size_t kMaxStreamBytes = 2U << 20U;

/// The line for `fact`, with newline.
std::string EncodeLine(std::int64_t number, const Fact& fact);

/// Joins lines, in any order and with repeats, into the stream they came from.
class StreamReader {
 public:
  /// One line without its newline. A line that is not the probe's is kept for quoting.
  void AddLine(std::string_view line);

  /// The end fact and every line before it were read.
  [[nodiscard]] bool Complete() const;
  [[nodiscard]] bool HasEnd() const { return lines_before_end_.has_value(); }
  /// Lines missing before the highest number seen (or announced by the end fact).
  [[nodiscard]] std::int64_t Missing() const;
  [[nodiscard]] const std::map<std::int64_t, Fact>& facts() const { return facts_; }
  /// Lines that were not facts, in the order read, without repeats; at most 20.
  [[nodiscard]] const std::vector<std::string>& foreign_lines() const { return foreign_; }
  /// Highest line number seen so far, -1 for none.
  [[nodiscard]] std::int64_t last_number() const { return last_number_; }

 private:
  void AddForeign(std::string_view line);

  std::map<std::int64_t, Fact> facts_;
  std::set<std::int64_t> skipped_;  ///< Lines of kinds that this version does not know.
  std::vector<std::string> foreign_;
  std::int64_t last_number_ = -1;
  std::optional<std::int64_t> lines_before_end_;
};

}  // namespace netcheck::protocol
