#include "diagnosis/service_way.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "diagnosis/words.h"

namespace netcheck::diagnosis {
namespace {

bool SharePort(const model::ServiceWay& a, const model::ServiceWay& b) {
  return std::any_of(a.service_ports.begin(), a.service_ports.end(), [&](int port) {
    return std::find(b.service_ports.begin(), b.service_ports.end(), port) != b.service_ports.end();
  });
}

bool IsOf(const ServiceCase& way, const std::string& batch) {
  const auto& ids = way.way->batch_ids;
  return std::find(ids.begin(), ids.end(), batch) != ids.end();
}

/// SYNs to the Service's own address that were seen leaving the node on a device.
int SeenUntranslated(const Digest& digest, const ServiceCase& way) {
  const bool on_devices = std::any_of(
      digest.report().taps.begin(), digest.report().taps.end(), [](const protocol::Tap& tap) {
        return tap.open && tap.mode == "device";
      });
  int seen = 0;
  for (const Batch* batch : way.batches) {
    for (const HandshakeAttempt& attempt : batch->attempts) {
      seen += on_devices && WentAstray(attempt) &&
                      (attempt.handshake.seen & protocol::kSeenNodeSyn) != 0
                  ? 1
                  : 0;
    }
  }
  return seen;
}

}  // namespace

WayTally Tally(const ServiceCase& way) {
  WayTally tally;
  for (const Batch* batch : way.batches) {
    for (const HandshakeAttempt& attempt : batch->attempts) {
      tally.failed += attempt.failed() ? 1 : 0;
      tally.passed += attempt.handshake.result == 0 ? 1 : 0;
    }
  }
  return tally;
}

EndpointTally TallyEndpoints(const Digest& digest, const ServiceCase& way) {
  EndpointTally tally;
  for (const ServiceCase& other : digest.services) {
    if (other.way->kind != model::WayKind::kEndpoint || !other.unusable.empty() ||
        !SharePort(*other.way, *way.way) ||
        IsIpv6(other.way->address) != IsIpv6(way.way->address)) {
      continue;
    }
    const WayTally tried = Tally(other);
    tally.attempts += tried.passed + tried.failed;
    tally.answered += tried.failed == 0 && tried.passed > 0 ? 1 : 0;
    tally.failed += tried.failed > 0 ? 1 : 0;
  }
  return tally;
}

Translation TranslationOf(const Digest& digest, const ServiceCase& way) {
  Translation result;
  for (const protocol::ConntrackEntry& entry : digest.report().conntrack_entries) {
    if (entry.where != protocol::Where::kNode || !entry.found || !IsOf(way, entry.batch)) {
      continue;
    }
    // Answers are expected from where the packets went, to the source that they went with.
    const protocol::ConntrackTuple& reply = entry.reply;
    if (reply.source == way.way->address && reply.source_port == way.way->port) {
      ++result.untranslated;
      continue;
    }
    ++result.translated;
    result.source_is_service += reply.destination == way.way->address ? 1 : 0;
    const std::string to = HostPort(reply.source, reply.source_port);
    if (std::find(result.addresses.begin(), result.addresses.end(), to) == result.addresses.end()) {
      result.addresses.push_back(to);
    }
  }
  return result;
}

int Untranslated(const Digest& digest, const ServiceCase& way) {
  return std::max(TranslationOf(digest, way).untranslated, SeenUntranslated(digest, way));
}

bool WentAstray(const HandshakeAttempt& attempt) {
  const int result = attempt.handshake.result;
  return result == protocol::kResultDeadline || result == ETIMEDOUT || result == EHOSTUNREACH ||
         result == ENETUNREACH;
}

const protocol::IpvsService* FindIpvs(const Digest& digest, const model::ServiceWay& way) {
  for (const protocol::IpvsServices& part : digest.report().ipvs_services) {
    for (const protocol::IpvsService& service : part.services) {
      if (part.moment == protocol::Moment::kBefore && service.protocol == "TCP" &&
          service.address == way.address && service.port == way.port) {
        return &service;
      }
    }
  }
  return nullptr;
}

std::vector<std::string> ObservedOn(const Digest& digest, const ServiceCase& way) {
  std::vector<std::string> observed;
  if (way.way->kind == model::WayKind::kEndpoint) {
    return observed;
  }
  const Translation translation = TranslationOf(digest, way);
  if (translation.untranslated > 0) {
    observed.push_back(
        fmt::format("{} left with the Service's own address as destination: no rule translated it",
                    Count(translation.untranslated, "connection")));
  }
  if (translation.translated > 0) {
    observed.push_back(fmt::format("{} sent to {}",
                                   Count(translation.translated, "connection"),
                                   fmt::join(translation.addresses, ", ")));
  }
  if (translation.source_is_service > 0) {
    observed.push_back(fmt::format("{} left with the Service's own address as source",
                                   Count(translation.source_is_service, "connection")));
  }
  const EndpointTally endpoints = TallyEndpoints(digest, way);
  if (endpoints.attempts > 0) {
    observed.push_back(
        fmt::format("of the endpoints that were connected to themselves {} answered and {} did not",
                    endpoints.answered,
                    endpoints.failed));
  }
  return observed;
}

}  // namespace netcheck::diagnosis
