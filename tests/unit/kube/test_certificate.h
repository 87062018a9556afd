#pragma once

#include <string>

namespace netcheck::kube {

/// A certificate made for one test, with its key (EC P-256), both PEM.
struct TestCertificate {
  std::string certificate;
  std::string key;
};

struct TestCertificateRequest {
  std::string common_name = "test";
  std::string alternative_names = "";  ///< OpenSSL's notation: "IP:127.0.0.1,DNS:a.example"
  long valid_from = -3600;             ///< Seconds from now.
  long valid_until = 3600;
  bool authority = false;
};

/// Signed by `issuer`, or by itself.
TestCertificate Issue(const TestCertificateRequest& request,
                      const TestCertificate* issuer = nullptr);

}  // namespace netcheck::kube
