#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>

#include "os/os.h"

// Files, environment, terminal and clock; signals and child processes are in process_posix.cc.
namespace netcheck::os {
namespace {

// Where the distributions put their bundle: Debian and Alpine, Fedora and RHEL, openSUSE, the BSDs
// and macOS.
constexpr std::array<const char*, 6> kCertificateBundles = {
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
};

#if defined(__APPLE__)
constexpr const char* kSystem = "darwin";
#else
constexpr const char* kSystem = "linux";
#endif
#if defined(__aarch64__)
constexpr const char* kArchitecture = "arm64";
#else
constexpr const char* kArchitecture = "amd64";
#endif

protocol::Error FileError(const std::string& path, int error_number) {
  return {"cannot read " + path + ": " + std::strerror(error_number), error_number};
}

}  // namespace

std::optional<std::string> Environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

char ListSeparator() {
  return ':';
}

std::optional<std::string> HomeFolder() {
  auto home = Environment("HOME");
  return home && !home->empty() ? home : std::nullopt;
}

protocol::Result<std::string> ReadFile(const std::string& path, std::size_t limit) {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "rbe"), std::fclose);
  if (!file) {
    return FileError(path, errno);
  }
  std::string content;
  std::array<char, 16384> chunk{};
  std::size_t got = 0;
  while ((got = std::fread(chunk.data(), 1, chunk.size(), file.get())) > 0) {
    if (content.size() + got > limit) {
      return protocol::Error{
          "cannot read " + path + ": larger than " + std::to_string(limit) + " bytes", EFBIG};
    }
    content.append(chunk.data(), got);
  }
  if (std::ferror(file.get()) != 0) {
    return FileError(path, errno);
  }
  return content;
}

std::optional<std::string> TrustedCertificatesFile() {
  if (auto chosen = Environment("SSL_CERT_FILE"); chosen && !chosen->empty()) {
    return chosen;
  }
  for (const char* path : kCertificateBundles) {
    if (::access(path, R_OK) == 0) {
      return path;
    }
  }
  return std::nullopt;
}

std::string Platform() {
  return std::string(kSystem) + "/" + kArchitecture;
}

bool IsTerminal(int file_descriptor) {
  return ::isatty(file_descriptor) == 1;
}

int TerminalWidth() {
  constexpr int kDefault = 80;
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
    return kDefault;
  }
  return size.ws_col;
}

std::string Now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::array<char, sizeof "2006-01-02T15:04:05Z"> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), length};
}

}  // namespace netcheck::os
