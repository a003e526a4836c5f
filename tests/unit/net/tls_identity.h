#pragma once
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>

namespace machi::net::testing {

/// A key and a self-signed certificate for one DNS name, as PEM files in a folder that goes with this.
class TlsIdentity {
 public:
  explicit TlsIdentity(const std::string& dns_name) {
    char name[] = "/tmp/machi-tls-XXXXXX";
    folder_ = ::mkdtemp(name);
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), &X509_free);
    fill(certificate.get(), key.get(), dns_name);
    with_file(key_file(),
              [&](FILE* file) { PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
    with_file(certificate_file(), [&](FILE* file) { PEM_write_X509(file, certificate.get()); });
  }
  ~TlsIdentity() { std::filesystem::remove_all(folder_); }
  TlsIdentity(const TlsIdentity&) = delete;
  TlsIdentity& operator=(const TlsIdentity&) = delete;

  [[nodiscard]] std::string key_file() const { return folder_ + "/key.pem"; }
  [[nodiscard]] std::string certificate_file() const { return folder_ + "/certificate.pem"; }

 private:
  static void fill(X509* certificate, EVP_PKEY* key, const std::string& dns_name) {
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    auto* const subject = X509_get_subject_name(certificate);
    const auto* const text = reinterpret_cast<const unsigned char*>(dns_name.c_str());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, text, -1, -1, 0);
    X509_set_issuer_name(certificate, subject);
    const auto names = "DNS:" + dns_name;
    auto* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    X509_sign(certificate, key, EVP_sha256());
  }
  template <typename Write>
  static void with_file(const std::string& path, Write write) {
    const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "w"), &std::fclose);
    write(file.get());
  }

  std::string folder_;
};

}  // namespace machi::net::testing
