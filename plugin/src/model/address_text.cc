#include "model/address_text.h"

#include <fmt/format.h>

namespace netcheck::model {

bool IsIpv6(std::string_view address) {
  return address.find(':') != std::string_view::npos;
}

std::string HostPort(std::string_view address, int port) {
  return IsIpv6(address) ? fmt::format("[{}]:{}", address, port)
                         : fmt::format("{}:{}", address, port);
}

}  // namespace netcheck::model
