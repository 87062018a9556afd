#pragma once

#include <string>
#include <vector>

#include "diagnosis/digest.h"

// What was measured on the ways to a Service, for rules and readers alike.
namespace netcheck::diagnosis {

/// The endpoints behind a cluster IP or NodePort.
struct EndpointTally {
  int answered = 0;  ///< Endpoints to which every connection was established.
  int failed = 0;    ///< Those to which one was not.
  int attempts = 0;  ///< Connections to all of them.
};

/// Of those that were connected to, those of the way's Service ports and address family.
EndpointTally TallyEndpoints(const Digest& digest, const ServiceCase& way);

struct WayTally {
  int passed = 0;
  int failed = 0;
};
WayTally Tally(const ServiceCase& way);

/// Failed connections of the way by what the node's connection tracking made of them.
struct Translation {
  int untranslated = 0;  ///< Still addressed to the Service's own address.
  /// Sent to an endpoint, with the Service's address as their source: nothing masqueraded them.
  int source_is_service = 0;
  int translated = 0;                  ///< Sent to another address, in any way.
  std::vector<std::string> addresses;  ///< Where to, each once: "10.244.1.5:8080".
};
Translation TranslationOf(const Digest& digest, const ServiceCase& way);

/// How many failed connections left the node still addressed to the Service itself: as connection
/// tracking has it, or as SYNs that were seen on a device.
int Untranslated(const Digest& digest, const ServiceCase& way);

/// Silence, or an ICMP error of a router that does not know the address. A reset is an answer.
bool WentAstray(const HandshakeAttempt& attempt);

/// IPVS's virtual service at the way's address and port; nullptr: none is known.
const protocol::IpvsService* FindIpvs(const Digest& digest, const model::ServiceWay& way);

/// What is known of the failed connections of a way that nobody explains.
std::vector<std::string> ObservedOn(const Digest& digest, const ServiceCase& way);

}  // namespace netcheck::diagnosis
