#include "cli/console.h"

#include <iostream>

#include "os/os.h"

namespace netcheck::cli {
namespace {

constexpr int kStdout = 1;
constexpr int kStderr = 2;

bool LocaleIsUtf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string value = os::Environment(name).value_or("");
    if (!value.empty()) {
      return value.find("UTF-8") != std::string::npos || value.find("utf8") != std::string::npos;
    }
  }
  return false;
}

}  // namespace

int Console::Fail(const std::string& message) {
  err << "error: " << (os::Interrupted() != 0 ? "interrupted" : message) << std::endl;
  return kExitFailed;
}

void Console::Warn(const std::string& message) {
  err << "warning: " << message << std::endl;
}

Console OpenConsole(std::ostream& out, std::ostream& err) {
  Console console{out, err};
  console.out_is_terminal = &out == &std::cout && os::IsTerminal(kStdout);
  console.err_is_terminal = &err == &std::cerr && os::IsTerminal(kStderr);
  console.width = console.out_is_terminal ? os::TerminalWidth() : 80;
  console.color = console.out_is_terminal && !os::Environment("NO_COLOR") &&
                  os::Environment("TERM").value_or("dumb") != "dumb";
  console.unicode = LocaleIsUtf8();
  return console;
}

}  // namespace netcheck::cli
