#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace netcheck::probe_pod {

/// Cuts a body that comes in pieces into lines. An unfinished last line is held back: it may be
/// the beginning of one that a broken connection cut.
class LineSplitter {
 public:
  /// Calls `on_line` for each line that is now whole, without its newline, until it returns false.
  bool Add(std::string_view data, const std::function<bool(std::string_view)>& on_line) {
    rest_.append(data);
    std::size_t start = 0;
    bool wanted = true;
    for (std::size_t end = 0; wanted && (end = rest_.find('\n', start)) != std::string::npos;
         start = end + 1) {
      wanted = on_line(std::string_view(rest_).substr(start, end - start));
    }
    rest_.erase(0, start);
    return wanted;
  }

 private:
  std::string rest_;
};

}  // namespace netcheck::probe_pod
