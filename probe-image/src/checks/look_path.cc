#include "checks/look_path.h"

#include <sys/stat.h>

#include <cerrno>
#include <string_view>

#include "checks/go_quote.h"
#include "engine/dial_error.h"

namespace netcheck::probe {
namespace {

/// findExecutable(): "" or what is wrong with that file.
std::string WhyNotExecutable(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) {
    return "stat " + path + ": " + GoErrnoText(errno);
  }
  constexpr mode_t kAnyoneExecutes = S_IXUSR | S_IXGRP | S_IXOTH;
  const bool is_program = !S_ISDIR(info.st_mode) && (info.st_mode & kAnyoneExecutes) != 0;
  return is_program ? "" : GoErrnoText(EACCES);
}

/// path/filepath.Join of a folder of PATH, which is "." where it is empty.
std::string Join(std::string_view folder, const std::string& program) {
  while (folder.size() > 1 && folder.ends_with('/')) {
    folder.remove_suffix(1);
  }
  return std::string(folder) + (folder.ends_with('/') ? "" : "/") + program;
}

}  // namespace

FoundProgram LookPath(const std::string& program, const std::string& search_path) {
  const std::string prefix = "exec: " + GoQuote(program) + ": ";
  if (program.find('/') != program.npos) {
    const std::string error = WhyNotExecutable(program);
    return error.empty() ? FoundProgram{program, ""} : FoundProgram{"", prefix + error};
  }
  std::string_view folders = search_path;
  while (!folders.empty()) {
    const std::size_t end = folders.find(':');
    const std::string_view folder = folders.substr(0, end);
    const std::string path = Join(folder.empty() ? "." : folder, program);
    if (WhyNotExecutable(path).empty()) {
      if (!path.starts_with('/')) {
        return {"", prefix + "cannot run executable found relative to current directory"};
      }
      return {path, ""};
    }
    folders.remove_prefix(end == folders.npos ? folders.size() : end + 1);
  }
  return {"", prefix + "executable file not found in $PATH"};
}

}  // namespace netcheck::probe
