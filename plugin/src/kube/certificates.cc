#include "kube/certificates.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

namespace netcheck::kube {
namespace {

template <auto Free>
struct Deleter {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Bio = std::unique_ptr<BIO, Deleter<BIO_free>>;
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;

Bio Open(const std::string& pem) {
  return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

Certificate Next(BIO* bio) {
  Certificate certificate(PEM_read_bio_X509(bio, nullptr, nullptr, nullptr));
  ERR_clear_error();  // the end of the text is an error to OpenSSL
  return certificate;
}

/// OpenSSL would ask for the pass phrase on the terminal; client-go takes no such keys either.
int NoPassPhrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*data*/) {
  return -1;
}

}  // namespace

int CountCertificates(const std::string& pem) {
  const Bio bio = Open(pem);
  int count = 0;
  while (Next(bio.get())) {
    ++count;
  }
  return count;
}

std::optional<std::string> KeyPairProblem(const std::string& certificate_pem,
                                          const std::string& key_pem) {
  const Certificate certificate = Next(Open(certificate_pem).get());
  if (!certificate) {
    return "the client certificate is no PEM certificate";
  }
  const Key key(PEM_read_bio_PrivateKey(Open(key_pem).get(), nullptr, NoPassPhrase, nullptr));
  const bool matches = key && X509_check_private_key(certificate.get(), key.get()) == 1;
  ERR_clear_error();
  if (!key) {
    return "the client key is no PEM private key, or it is encrypted";
  }
  return matches ? std::nullopt
                 : std::optional<std::string>(
                       "the client key does not belong to the client "
                       "certificate");
}

std::optional<std::string> ExpiredOn(const std::string& certificate_pem) {
  const Certificate certificate = Next(Open(certificate_pem).get());
  int days = 0;
  int seconds = 0;
  if (!certificate ||
      ASN1_TIME_diff(&days, &seconds, nullptr, X509_get0_notAfter(certificate.get())) != 1 ||
      (days >= 0 && seconds >= 0)) {
    return std::nullopt;
  }
  const Bio text(BIO_new(BIO_s_mem()));
  ASN1_TIME_print(text.get(), X509_get0_notAfter(certificate.get()));
  char* begin = nullptr;
  const long length = BIO_get_mem_data(text.get(), &begin);
  return std::string(begin, static_cast<std::size_t>(length));
}

}  // namespace netcheck::kube
