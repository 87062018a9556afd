// A table of ip_tables as getsockopt(2) gives it: what is known of it first, then its entries.
#include "kernel/ip_tables.h"

#include <cstring>

#include "fuzz/fuzz_target.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace netcheck::probe;
  IpTablesInfo info{};
  if (size < sizeof info) {
    return 0;
  }
  std::memcpy(&info, data, sizeof info);
  for (const bool ipv6 : {false, true}) {
    TableTally table;
    if (DecodeIpTables(info, {data + sizeof info, size - sizeof info}, ipv6, table)) {
      static_cast<void>(table.Finish());
    }
  }
  return 0;
}
