#include "engine/address.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "sys/unique_fd.h"

namespace netcheck::probe {
namespace {

IpAddress FromSockaddr(const sockaddr* address) {
  IpAddress result;
  if (address == nullptr) {
    return result;
  }
  if (address->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, address, sizeof(v4));
    result.family = AF_INET;
    std::memcpy(result.bytes.data(), &v4.sin_addr, sizeof(v4.sin_addr));
  } else if (address->sa_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, address, sizeof(v6));
    result.family = AF_INET6;
    std::memcpy(result.bytes.data(), &v6.sin6_addr, sizeof(v6.sin6_addr));
  }
  return result;
}

}  // namespace

std::optional<IpAddress> ParseIpAddress(const std::string& text) {
  IpAddress address;
  if (inet_pton(AF_INET, text.c_str(), address.bytes.data()) == 1) {
    address.family = AF_INET;
    return address;
  }
  if (inet_pton(AF_INET6, text.c_str(), address.bytes.data()) == 1) {
    address.family = AF_INET6;
    return address;
  }
  return std::nullopt;
}

std::string FormatIpAddress(const IpAddress& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.family == AF_UNSPEC ||
      inet_ntop(address.family, address.bytes.data(), text.data(), text.size()) == nullptr) {
    return "";
  }
  return text.data();
}

std::string FormatEndpoint(const Endpoint& endpoint) {
  const std::string address = FormatIpAddress(endpoint.address);
  const std::string port = std::to_string(endpoint.port);
  return endpoint.address.family == AF_INET6 ? "[" + address + "]:" + port : address + ":" + port;
}

bool IsLoopback(const IpAddress& address) {
  if (address.family == AF_INET) {
    return address.bytes[0] == 127;
  }
  return address.family == AF_INET6 &&
         std::memcmp(address.bytes.data(), &in6addr_loopback, address.bytes.size()) == 0;
}

SocketAddress ToSocketAddress(const Endpoint& endpoint) {
  SocketAddress result;
  if (endpoint.address.family == AF_INET) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(endpoint.port);
    std::memcpy(&v4.sin_addr, endpoint.address.bytes.data(), sizeof(v4.sin_addr));
    std::memcpy(&result.storage, &v4, sizeof(v4));
    result.size = sizeof(v4);
  } else if (endpoint.address.family == AF_INET6) {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(endpoint.port);
    std::memcpy(&v6.sin6_addr, endpoint.address.bytes.data(), sizeof(v6.sin6_addr));
    std::memcpy(&result.storage, &v6, sizeof(v6));
    result.size = sizeof(v6);
  }
  return result;
}

Endpoint FromSocketAddress(const SocketAddress& address) {
  Endpoint endpoint;
  endpoint.address = FromSockaddr(address.get());
  if (endpoint.address.family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address.storage, sizeof(v4));
    endpoint.port = ntohs(v4.sin_port);
  } else if (endpoint.address.family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address.storage, sizeof(v6));
    endpoint.port = ntohs(v6.sin6_port);
  }
  return endpoint;
}

Endpoint LocalEndpoint(int fd) {
  SocketAddress address;
  address.size = sizeof(address.storage);
  if (getsockname(fd, address.get(), &address.size) != 0) {
    return {};
  }
  return FromSocketAddress(address);
}

protocol::Result<IpAddress> SourceAddressFor(const Endpoint& target) {
  const UniqueFd fd(socket(target.address.family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const SocketAddress address = ToSocketAddress(target);
  if (!fd.valid() || connect(fd.get(), address.get(), address.size) != 0) {
    const int error_number = errno;
    return protocol::Error{
        "no route to " + FormatIpAddress(target.address) + ": " + std::strerror(error_number),
        error_number};
  }
  return LocalEndpoint(fd.get()).address;
}

bool IsLocalAddress(const IpAddress& address) {
  if (IsLoopback(address)) {
    return true;
  }
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) {
    return false;
  }
  bool found = false;
  for (const ifaddrs* entry = list; entry != nullptr && !found; entry = entry->ifa_next) {
    found = FromSockaddr(entry->ifa_addr) == address;
  }
  freeifaddrs(list);
  return found;
}

}  // namespace netcheck::probe
