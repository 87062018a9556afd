#include "diagnosis/rule.h"

namespace netcheck::diagnosis {

const std::vector<Rule>& Rules() {
  static const std::vector<Rule> rules = {PortName,
                                          Listening,
                                          AcceptQueueFull,
                                          IpvsNodePort,
                                          ConntrackFull,
                                          TwRecycle,
                                          HandshakeLost,
                                          HttpStatus,
                                          GrpcHealth,
                                          SlowAnswer,
                                          SlowCommand,
                                          CommandFailed};
  return rules;
}

}  // namespace netcheck::diagnosis
