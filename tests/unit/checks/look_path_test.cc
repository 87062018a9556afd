#include "checks/look_path.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

using netcheck::probe::LookPath;

namespace {

/// A folder with a program, a file that is none, and a folder in it.
class Folder {
 public:
  Folder() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "netcheck-path-XXXXXX").string();
    root_ = mkdtemp(pattern.data());
    std::ofstream(root_ + "/program") << "#!/bin/sh\n";
    std::ofstream(root_ + "/text") << "x";
    std::filesystem::create_directory(root_ + "/folder");
    chmod((root_ + "/program").c_str(), 0755);
    chmod((root_ + "/text").c_str(), 0644);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(root_); }
  [[nodiscard]] const std::string& root() const { return root_; }

 private:
  std::string root_;
};

}  // namespace

TEST_CASE("look path: a name with a slash is taken as it is") {
  const Folder folder;
  CHECK(LookPath(folder.root() + "/program", "").path == folder.root() + "/program");
  CHECK(LookPath("/no/such", "/bin").error ==
        "exec: \"/no/such\": stat /no/such: no such file or directory");
  CHECK(LookPath(folder.root() + "/text/x", "").error == "exec: \"" + folder.root() +
                                                             "/text/x\": stat " + folder.root() +
                                                             "/text/x: not a directory");
  CHECK(LookPath(folder.root() + "/text", "").error ==
        "exec: \"" + folder.root() + "/text\": permission denied");
  CHECK(LookPath(folder.root() + "/folder", "").error ==
        "exec: \"" + folder.root() + "/folder\": permission denied");
}

TEST_CASE("look path: the first program of PATH") {
  const Folder folder;
  const Folder second;
  CHECK(LookPath("program", "/nowhere:" + folder.root() + ":" + second.root()).path ==
        folder.root() + "/program");
  CHECK(LookPath("program", folder.root() + "/").path == folder.root() + "/program");
  const std::string missing = "\": executable file not found in $PATH";
  CHECK(LookPath("text", folder.root()).error == "exec: \"text" + missing);
  CHECK(LookPath("folder", folder.root()).error == "exec: \"folder" + missing);
  CHECK(LookPath("program", "").error == "exec: \"program" + missing);
  CHECK(LookPath("a\nb", "/bin").error == "exec: \"a\\nb" + missing);
}

TEST_CASE("look path: a folder of PATH that is not absolute is refused") {
  const Folder folder;
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder.root());
  const std::string refused =
      "exec: \"program\": cannot run executable found relative to current directory";
  CHECK(LookPath("program", ".:/bin").error == refused);
  CHECK(LookPath("program", ":/bin").error == refused);
  CHECK(LookPath("./program", "").path == "./program");
  std::filesystem::current_path(before);
}
