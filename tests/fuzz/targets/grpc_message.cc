// A HealthCheckResponse, and the texts of gRPC's header fields.
#include "checks/go_quote.h"
#include "checks/grpc_health.h"
#include "checks/grpc_status.h"
#include "fuzz/fuzz_target.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace netcheck::fuzz;
  using namespace netcheck::probe;
  const std::string_view text = Text(data, size);
  if (const auto status = DecodeHealthStatus(text)) {
    Require(!ServingStatusName(*status).empty(), "each status has a name");
  }
  static_cast<void>(IsGrpcContentType(text));
  Require(DecodeGrpcMessage(text).size() <= size, "escapes are longer than what they stand for");
  const std::string quoted = GoQuote(text);
  Require(quoted.size() >= 2 && quoted.front() == '"' && quoted.back() == '"',
          "a quote has its marks");
  Require(std::none_of(quoted.begin(), quoted.end(), [](char c) { return c >= 0 && c < 0x20; }),
          "a quote has no control characters");
  return 0;
}
