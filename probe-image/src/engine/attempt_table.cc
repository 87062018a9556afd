#include "engine/attempt_table.h"

namespace netcheck::probe {

AttemptTable::AttemptTable(const std::vector<std::uint16_t>& ports)
    : source_ports(ports),
      results(ports.size(), kResultPending),
      seen(ports.size(), 0),
      start_us(ports.size(), 0),
      duration_us(ports.size(), 0) {}

}  // namespace netcheck::probe
