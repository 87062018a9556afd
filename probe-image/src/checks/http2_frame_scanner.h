#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace netcheck::probe {

/// Follows the frames in what a server sends, only to tell where they begin and end, as
/// golang.org/x/net/http2's Framer reads them.
class Http2FrameScanner {
 public:
  /// The next bytes. Returns how many of them may be handled; fewer than there are when the next
  /// frame is too large, see fault().
  std::size_t Feed(std::string_view bytes);

  /// The connection's end at this point is an "unexpected EOF" to Go, not an "EOF": a frame's
  /// header or its payload had begun.
  [[nodiscard]] bool cut_off() const { return header_bytes_ > 0 || payload_begun_; }
  /// Go's words for a frame that is larger than SETTINGS_MAX_FRAME_SIZE allows by default; "" while
  /// there was none.
  [[nodiscard]] const std::string& fault() const { return fault_; }

 private:
  bool TakeHeader();

  static constexpr std::size_t kHeaderBytes = 9;

  std::array<char, kHeaderBytes> header_{};
  std::size_t header_bytes_ = 0;  ///< Of the frame that begins.
  std::size_t payload_left_ = 0;
  bool payload_begun_ = false;
  std::string fault_;
};

}  // namespace netcheck::probe
