#pragma once
/// Certificates of a test's own.
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>

namespace bsp_tcp_test {

struct Identity {
  std::shared_ptr<EVP_PKEY> key;
  std::shared_ptr<X509> certificate;

  /// A new key with a certificate that `by` has signed; without one, it itself.
  static Identity make(const std::string& name, const Identity* by = nullptr) {
    Identity made{{EVP_EC_gen("P-256"), EVP_PKEY_free}, {X509_new(), X509_free}};
    X509* const certificate = made.certificate.get();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), by == nullptr ? 1 : 2);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, made.key.get());
    X509_NAME* const subject = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(name.c_str()), -1,
                               -1, 0);
    X509_set_issuer_name(certificate, by == nullptr ? subject : X509_get_subject_name(by->certificate.get()));
    if (by == nullptr) {  // may sign others
      const std::unique_ptr<X509_EXTENSION, void (*)(X509_EXTENSION*)> is_ca(
          X509V3_EXT_conf_nid(nullptr, nullptr, NID_basic_constraints, "critical,CA:TRUE"), X509_EXTENSION_free);
      X509_add_ext(certificate, is_ca.get(), -1);
    }
    if (X509_sign(certificate, by == nullptr ? made.key.get() : by->key.get(), EVP_sha256()) == 0)
      throw std::runtime_error("cannot sign");
    return made;
  }
  void write(const std::string& certificate_file, const std::string& key_file) const {
    const auto open = [](const std::string& file) {
      return std::unique_ptr<std::FILE, int (*)(std::FILE*)>(std::fopen(file.c_str(), "w"), std::fclose);
    };
    PEM_write_X509(open(certificate_file).get(), certificate.get());
    PEM_write_PrivateKey(open(key_file).get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  }
};

}  // namespace bsp_tcp_test
