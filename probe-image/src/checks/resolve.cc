#include "checks/resolve.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <sstream>

#include "checks/go_netip.h"
#include "checks/host_port.h"
#include "protocol/result.h"
#include "sys/child_process.h"
#include "sys/file_reader.h"
#include "sys/system_error.h"
#include "sys/unique_fd.h"

namespace netcheck::probe {
namespace {

constexpr std::size_t kMaxAddresses = 16;

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::string LowerCase(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

/// A part of a domain name between dots (src/net/dnsclient.go, isDomainName).
bool IsLabel(std::string_view label) {
  return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
         std::all_of(label.begin(), label.end(), [](char c) {
           return IsDigit(c) || IsLetter(c) || c == '_' || c == '-';
         });
}

/// Whether Go asks DNS for a name (src/net/dnsclient.go, isDomainName): "10.0.0" is none.
bool IsDomainName(std::string_view name) {
  if (name.ends_with('.')) {
    name.remove_suffix(1);
  }
  if (name.size() > 253 || std::none_of(name.begin(), name.end(), [](char c) {
        return IsLetter(c) || c == '_' || c == '-';
      })) {
    return false;
  }
  while (true) {
    const std::size_t dot = name.find('.');
    if (!IsLabel(name.substr(0, dot))) {
      return false;
    }
    if (dot == std::string_view::npos) {
      return true;
    }
    name.remove_prefix(dot + 1);
  }
}

/// Those that Go would ask.
std::vector<std::string> SystemNameServers() {
  const auto text = ReadFile("/etc/resolv.conf");
  return NameServers(text ? *text : "");
}

/// What stands in an error between the name and its reason: " on 10.0.0.10:53: ".
std::string OnServer(const std::vector<std::string>& servers, int failure) {
  // The first server that answers that there is no such name is believed; a lookup without any
  // answer has asked all of them.
  return " on " + (failure == EAI_AGAIN ? servers.back() : servers.front()) + ": ";
}

/// The words of src/net/dnsclient_unix.go. getaddrinfo(3) doesn't tell a server that is silent from
/// one that refuses or misbehaves, for which Go has other words and doesn't wait; and Go adds the
/// addresses of the question that timed out.
const char* FailureText(int failure) {
  switch (failure) {
    case EAI_NONAME:
    case EAI_NODATA:
      return "no such host";
    case EAI_AGAIN:
      return "i/o timeout";
    default:
      return "server misbehaving";
  }
}

/// In the child: "A 10.0.0.5\n" for each address, or "E" and what follows the name in an error.
std::string LookUp(const std::string& host) {
  const bool is_domain_name = IsDomainName(host);
  if (!is_domain_name && host.find(':') == std::string::npos) {
    return "E: no such host";  // getaddrinfo(3) would take "10.1" for an address.
  }
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  // Go finds a name in /etc/hosts in whatever case it is written (src/net/hosts.go); DNS has none.
  const int failure = getaddrinfo(LowerCase(host).c_str(), nullptr, &hints, &found);
  if (failure != 0) {
    return is_domain_name ? "E" + OnServer(SystemNameServers(), failure) + FailureText(failure)
                          : "E: no such host";
  }
  std::string lines;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    SocketAddress address;
    address.size = entry->ai_addrlen;
    std::memcpy(&address.storage, entry->ai_addr, entry->ai_addrlen);
    lines += "A " + FormatIpAddress(FromSocketAddress(address).address) + "\n";
  }
  freeaddrinfo(found);
  return lines;
}

/// Everything that the child writes to `fd`.
WaitResult ReadAll(int fd, std::string& text, const Patience& patience) {
  std::array<char, 2048> buffer{};
  while (true) {
    const WaitResult waited = WaitFor(fd, POLLIN, patience);
    if (waited != WaitResult::kReady) {
      return waited;
    }
    const ssize_t got = read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got <= 0) {
      return WaitResult::kReady;
    }
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

/// The child's lines, or why there are none.
protocol::Result<std::string> LookUpInChild(const std::string& host,
                                            const Patience& patience,
                                            WaitResult& waited) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    return SystemError("pipe", errno);
  }
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  const auto child = ChildProcess::Start([&] {
    const std::string lines = LookUp(host);
    return write(writer.get(), lines.data(), lines.size()) < 0 ? 1 : 0;
  });
  if (!child) {
    return child.error();
  }
  writer.Reset();
  std::string lines;
  waited = ReadAll(reader.get(), lines, patience);
  return lines;
}

}  // namespace

std::vector<std::string> NameServers(const std::string& resolv_conf) {
  constexpr std::size_t kMost = 3;
  std::vector<std::string> servers;
  std::istringstream input(resolv_conf);
  for (std::string line; std::getline(input, line) && servers.size() < kMost;) {
    std::istringstream fields(line);
    std::string keyword;
    std::string address;
    if (fields >> keyword >> address && keyword == "nameserver" &&
        IpAddressFault(address).empty()) {
      servers.push_back(JoinHostPort(address, "53"));
    }
  }
  return servers.empty() ? std::vector<std::string>{"127.0.0.1:53", "[::1]:53"} : servers;
}

ResolveResult Resolve(const std::string& host, const Patience& patience) {
  ResolveResult result;
  if (const auto address = ParseIpAddress(host)) {
    result.addresses.push_back(*address);
    return result;
  }
  const std::string prefix = "lookup " + host;
  auto waited = WaitResult::kReady;
  const auto lines = LookUpInChild(host, patience, waited);
  if (!lines) {
    result.error = prefix + ": " + lines.error().message;
    return result;
  }
  result.expired = waited == WaitResult::kExpired;
  result.stopped = waited == WaitResult::kStopped;
  std::istringstream input(*lines);
  std::string failure = result.expired ? ": i/o timeout" : ": no such host";
  for (std::string line; std::getline(input, line) && result.addresses.size() < kMaxAddresses;) {
    if (line.starts_with('E')) {
      failure = line.substr(1);
    } else if (const auto address =
                   ParseIpAddress(line.substr(std::min<std::size_t>(2, line.size())))) {
      result.addresses.push_back(*address);
    }
  }
  if (result.addresses.empty()) {
    result.error = prefix + failure;
  }
  return result;
}

}  // namespace netcheck::probe
