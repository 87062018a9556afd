#include "unit/kube/test_certificate.h"

#include <doctest/doctest.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <memory>

namespace netcheck::kube {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

Bio Open(const std::string& pem) {
  return {BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free};
}

std::string Content(BIO* bio) {
  char* begin = nullptr;
  const long length = BIO_get_mem_data(bio, &begin);
  return {begin, static_cast<std::size_t>(length)};
}

void AddExtension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  REQUIRE(extension != nullptr);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

}  // namespace

TestCertificate Issue(const TestCertificateRequest& request, const TestCertificate* issuer) {
  const Key key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const Certificate certificate(X509_new(), X509_free);
  X509_set_version(certificate.get(), X509_VERSION_3);
  long serial = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&serial), 4);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), request.valid_from);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), request.valid_until);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME* name = X509_NAME_new();
  X509_NAME_add_entry_by_txt(name,
                             "CN",
                             MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(request.common_name.c_str()),
                             -1,
                             -1,
                             0);
  X509_set_subject_name(certificate.get(), name);
  X509_NAME_free(name);

  Certificate issuer_certificate(nullptr, X509_free);
  Key issuer_key(nullptr, EVP_PKEY_free);
  if (issuer != nullptr) {
    issuer_certificate.reset(
        PEM_read_bio_X509(Open(issuer->certificate).get(), nullptr, nullptr, nullptr));
    issuer_key.reset(PEM_read_bio_PrivateKey(Open(issuer->key).get(), nullptr, nullptr, nullptr));
  }
  X509* signer = issuer == nullptr ? certificate.get() : issuer_certificate.get();
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(signer));
  if (request.authority) {
    AddExtension(certificate.get(), signer, NID_basic_constraints, "critical,CA:TRUE");
  }
  if (!request.alternative_names.empty()) {
    AddExtension(certificate.get(), signer, NID_subject_alt_name, request.alternative_names);
  }
  X509_sign(certificate.get(), issuer == nullptr ? key.get() : issuer_key.get(), EVP_sha256());

  const Bio certificate_text(BIO_new(BIO_s_mem()), BIO_free);
  PEM_write_bio_X509(certificate_text.get(), certificate.get());
  const Bio key_text(BIO_new(BIO_s_mem()), BIO_free);
  PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return {Content(certificate_text.get()), Content(key_text.get())};
}

}  // namespace netcheck::kube
