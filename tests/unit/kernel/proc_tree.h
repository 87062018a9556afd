#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace netcheck::test {

/// A folder that looks like /proc, removed with its object.
class ProcTree {
 public:
  ProcTree() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "netcheck-proc-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) {
      throw std::runtime_error("mkdtemp failed");
    }
    root_ = pattern;
  }
  ProcTree(const ProcTree&) = delete;
  ProcTree& operator=(const ProcTree&) = delete;
  ~ProcTree() {
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }

  [[nodiscard]] std::string root() const { return root_.string(); }

  void Write(const std::string& path, const std::string& text) const {
    const auto file = root_ / path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
  }

  [[nodiscard]] bool Exists(const std::string& path) const {
    return std::filesystem::exists(root_ / path);
  }

  void Remove(const std::string& path) const { std::filesystem::remove_all(root_ / path); }

  /// A second name for a file: two namespace files with one inode number.
  void Link(const std::string& existing, const std::string& path) const {
    const auto file = root_ / path;
    std::filesystem::create_directories(file.parent_path());
    std::filesystem::create_hard_link(root_ / existing, file);
  }

 private:
  std::filesystem::path root_;
};

}  // namespace netcheck::test
