#pragma once

#include <optional>
#include <string>

namespace netcheck::kube {

/// How many certificates a PEM text holds.
int CountCertificates(const std::string& pem);

/// Why a certificate and its key can't be used together, as the end of a sentence; nullopt: they
/// can.
std::optional<std::string> KeyPairProblem(const std::string& certificate_pem,
                                          const std::string& key_pem);

/// "Nov 20 12:00:00 2026 GMT" when the first certificate has expired.
std::optional<std::string> ExpiredOn(const std::string& certificate_pem);

}  // namespace netcheck::kube
