#include <fcntl.h>
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

protocol::Error FileError(const char* verb, const std::string& path, int error_number) {
  return {std::string("cannot ") + verb + " " + path + ": " + std::strerror(error_number),
          error_number};
}

/// `name` is what errors call it.
protocol::Result<std::string> ReadAll(FILE* file, const std::string& name, std::size_t limit) {
  std::string content;
  std::array<char, 16384> chunk{};
  std::size_t got = 0;
  while ((got = std::fread(chunk.data(), 1, chunk.size(), file)) > 0) {
    if (content.size() + got > limit) {
      return protocol::Error{
          "cannot read " + name + ": larger than " + std::to_string(limit) + " bytes", EFBIG};
    }
    content.append(chunk.data(), got);
  }
  if (std::ferror(file) != 0) {
    return FileError("read", name, errno);
  }
  return content;
}

/// 0, or the errno value of what failed.
int WriteAll(int file_descriptor, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(file_descriptor, content.data(), content.size());
    if (written > 0) {
      content.remove_prefix(static_cast<std::size_t>(written));
    } else if (written == 0 || errno != EINTR) {
      return written == 0 ? EIO : errno;
    }
  }
  return 0;
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
    return FileError("read", path, errno);
  }
  return ReadAll(file.get(), path, limit);
}

protocol::Result<std::string> ReadStandardInput(std::size_t limit) {
  return ReadAll(stdin, "standard input", limit);
}

std::optional<protocol::Error> WriteFile(const std::string& path, std::string_view content) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) {
    return FileError("write", path, errno);
  }
  int failure = WriteAll(file, content);
  if (::close(file) != 0 && failure == 0) {
    failure = errno;  // A full disk of a file server shows here.
  }
  return failure == 0 ? std::nullopt : std::optional(FileError("write", path, failure));
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
