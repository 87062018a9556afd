#include "diagnosis/rule.h"

namespace netcheck::diagnosis {

const std::vector<Rule>& Rules() {
  static const std::vector<Rule> rules = {
      Listening, AcceptQueueFull, IpvsNodePort, HandshakeLost, HttpStatus, SlowAnswer};
  return rules;
}

}  // namespace netcheck::diagnosis
