#pragma once

#include <curl/curl.h>

namespace netcheck::kube {

/// Keeps what OpenSSL finds wrong with a server's certificate: libcurl reports it only for some
/// faults (not for a wrong signature, which is what a rebuilt cluster shows).
class VerifyRecord {
 public:
  /// For all TLS connections that `easy` makes from now on. This must outlive them.
  void Attach(CURL* easy);

  void Keep(int error) { error_ = error; }
  /// X509_V_ERR_*, or X509_V_OK (0).
  [[nodiscard]] int error() const { return error_; }

 private:
  int error_ = 0;
};

}  // namespace netcheck::kube
