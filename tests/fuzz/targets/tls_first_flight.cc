// The first records of whatever answers on the port of an HTTPS probe.
#include "checks/tls_first_flight.h"

#include "fuzz/fuzz_target.h"

namespace netcheck::fuzz {
namespace {

using probe::TlsFirstFlight;

struct Outcome {
  TlsFirstFlight::State state = TlsFirstFlight::State::kWaiting;
  std::string error;
  std::string passed;
};

Outcome Feed(std::string_view bytes, std::size_t piece) {
  TlsFirstFlight flight;
  Outcome outcome;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    flight.Feed(bytes.substr(at, piece));
    if (flight.state() == TlsFirstFlight::State::kPassed) {
      outcome.passed += flight.TakePassed();
    } else if (flight.state() != TlsFirstFlight::State::kWaiting) {
      break;
    }
  }
  outcome.state = flight.state();
  outcome.error = flight.error();
  return outcome;
}

}  // namespace
}  // namespace netcheck::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace netcheck::fuzz;
  const std::string_view bytes = Text(data, size);
  const Outcome whole = Feed(bytes, size + 1);
  Require((whole.state == TlsFirstFlight::State::kFailed) == !whole.error.empty(),
          "a failure has words");
  Require(whole.state != TlsFirstFlight::State::kPassed || whole.passed == bytes,
          "the TLS library gets every byte");
  const Outcome cut = Feed(bytes, PieceBytes(bytes));
  Require(cut.state == whole.state && cut.error == whole.error && cut.passed == whole.passed,
          "it does not matter how the bytes were cut");
  return 0;
}
