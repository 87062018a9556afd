#include "kernel/ipvs.h"

#include <algorithm>
#include <string>

#include "kernel/address_text.h"
#include "kernel/procfs_text.h"

namespace netcheck::probe {
namespace {

/// 8 hexadecimal digits, or IPv6 in 8 groups of 4, with or without brackets.
std::optional<std::string> ParseAddress(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']')) {
    text = text.substr(1, text.size() - 2);
  }
  const auto address =
      text.find(':') == std::string_view::npos ? ParseNetworkOrderHex(text) : ParseIpAddress(text);
  return address ? std::optional(ToText(*address)) : std::nullopt;
}

struct Endpoint {
  std::string address;
  int port = 0;
};

std::optional<Endpoint> ParseEndpoint(std::string_view address, std::string_view port) {
  auto parsed_address = ParseAddress(address);
  const auto parsed_port = ParseHexPort(port);
  if (!parsed_address || !parsed_port) {
    return std::nullopt;
  }
  return Endpoint{std::move(*parsed_address), *parsed_port};
}

/// "C0A80001:7A5D" or "[fd00:...:0001]:7A5D".
std::optional<Endpoint> ParseEndpoint(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return std::nullopt;
  }
  return ParseEndpoint(text.substr(0, colon), text.substr(colon + 1));
}

bool IsProtocol(std::string_view word) {
  return word == "TCP" || word == "UDP" || word == "SCTP";
}

}  // namespace

void IpvsServiceParser::AddLine(std::string_view line) {
  const auto words = SplitWords(line);
  if (words.empty() || words[0] == "IP" || words[0] == "Prot") {
    return;
  }
  if (words[0] == "->") {
    AddDestination(words);
  } else {
    AddService(words);
  }
}

void IpvsServiceParser::AddDestination(const std::vector<std::string_view>& words) {
  // -> ADDRESS:PORT forward weight active inactive; the header's second line has the same arrow.
  if (!in_service_ || (words.size() > 1 && words[1] == "RemoteAddress:Port")) {
    return;
  }
  const auto endpoint = words.size() >= 4 ? ParseEndpoint(words[1]) : std::nullopt;
  const auto weight = words.size() >= 4 ? ParseDecimal(words[3]) : std::nullopt;
  if (!endpoint || !weight || *weight < INT32_MIN || *weight > INT32_MAX) {
    ++malformed_;
    return;
  }
  auto& destinations = services_.back().destinations;
  if (destinations.size() < max_destinations_) {
    destinations.push_back({endpoint->address, endpoint->port, static_cast<int>(*weight)});
  }
}

void IpvsServiceParser::AddService(const std::vector<std::string_view>& words) {
  in_service_ = false;
  if (words[0] == "FWM") {
    return;
  }
  const auto endpoint =
      words.size() >= 3 && IsProtocol(words[0]) ? ParseEndpoint(words[1]) : std::nullopt;
  if (!endpoint) {
    ++malformed_;
    return;
  }
  services_.push_back(
      {std::string(words[0]), endpoint->address, endpoint->port, std::string(words[2]), {}});
  in_service_ = true;
}

std::optional<protocol::IpvsConnection> ParseIpvsConnection(std::string_view line) {
  // Pro FromIP FPrt ToIP TPrt DestIP DPrt State Expires
  const auto words = SplitWords(line);
  if (words.size() < 8 || !IsProtocol(words[0])) {
    return std::nullopt;
  }
  const auto client = ParseEndpoint(words[1], words[2]);
  const auto service = ParseEndpoint(words[3], words[4]);
  const auto destination = ParseEndpoint(words[5], words[6]);
  if (!client || !service || !destination) {
    return std::nullopt;
  }
  return protocol::IpvsConnection{std::string(words[0]),
                                  client->address,
                                  client->port,
                                  service->address,
                                  service->port,
                                  destination->address,
                                  destination->port,
                                  std::string(words[7])};
}

}  // namespace netcheck::probe
