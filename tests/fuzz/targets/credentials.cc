// What a credential plugin printed, and certificates and keys in PEM.
#include "fuzz/fuzz_target.h"
#include "kube/certificates.h"
#include "kube/exec_credential.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace netcheck;
  const std::string text(fuzz::Text(data, size));
  static_cast<void>(kube::ParseExecCredential(text, "client.authentication.k8s.io/v1"));
  fuzz::Require(kube::CountCertificates(text) >= 0, "certificates can be counted");
  static_cast<void>(kube::ExpiredOn(text));
  static_cast<void>(kube::KeyPairProblem(text, text));
  return 0;
}
