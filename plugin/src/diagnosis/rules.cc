#include "diagnosis/rule.h"

// The rules, each defined in a file of rules/, in order of preference: of two that claim the same
// attempts the first one gets them. So specific causes stand before general ones.
#define NETCHECK_RULES(RULE) \
  RULE(PortName)             \
  RULE(AddressOnNode)        \
  RULE(Listening)            \
  RULE(AcceptQueueFull)      \
  RULE(SynQueueFull)         \
  RULE(SourcePortsExhausted) \
  RULE(NoRoute)              \
  RULE(UnresolvedNeighbour)  \
  RULE(StaleNeighbour)       \
  RULE(RejectedByFilter)     \
  RULE(IpvsNodePort)         \
  RULE(ConntrackFull)        \
  RULE(TwRecycle)            \
  RULE(ServiceEndpoints)     \
  RULE(BackendMix)           \
  RULE(ServiceUntranslated)  \
  RULE(PacketLoss)           \
  RULE(HandshakeLost)        \
  RULE(HttpStatus)           \
  RULE(WrongProtocol)        \
  RULE(ClosedWithoutAnswer)  \
  RULE(GrpcHealth)           \
  RULE(RequestUnanswered)    \
  RULE(CpuThrottled)         \
  RULE(ApplicationBlocked)   \
  RULE(SlowAnswer)           \
  RULE(SlowCommand)          \
  RULE(CommandFailed)

namespace netcheck::diagnosis {

#define DECLARE(name) std::vector<Finding> name(const Digest& digest);
NETCHECK_RULES(DECLARE)

const std::vector<Rule>& Rules() {
#define LIST(name) name,
  static const std::vector<Rule> rules = {NETCHECK_RULES(LIST)};
  return rules;
}

}  // namespace netcheck::diagnosis
