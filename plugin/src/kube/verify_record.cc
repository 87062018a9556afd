#include "kube/verify_record.h"

#include <openssl/ssl.h>

namespace netcheck::kube {
namespace {

/// Where an SSL_CTX keeps its VerifyRecord.
int Index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

/// Called for each certificate of the chain; changes no decision.
int OnCertificate(int accepted, X509_STORE_CTX* store) {
  const auto* ssl =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* record = static_cast<VerifyRecord*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), Index()));
  if (accepted == 0 && record != nullptr) {
    record->Keep(X509_STORE_CTX_get_error(store));
  }
  return accepted;
}

CURLcode OnContext(CURL* /*easy*/, void* ssl_context, void* record) {
  auto* context = static_cast<SSL_CTX*>(ssl_context);
  SSL_CTX_set_ex_data(context, Index(), record);
  SSL_CTX_set_verify(context, SSL_CTX_get_verify_mode(context), OnCertificate);
  return CURLE_OK;
}

}  // namespace

void VerifyRecord::Attach(CURL* easy) {
  curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, OnContext);
  curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, this);
}

}  // namespace netcheck::kube
