#include "net/tls.h"

#include <openssl/ssl.h>

namespace machi::net {
namespace {

namespace ssl = boost::asio::ssl;

/// Only HTTP/1.1 is spoken; a client that offers nothing we know goes on without ALPN.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* size, const unsigned char* offered,
                    unsigned int offered_size, void*) {
  static constexpr unsigned char kHttp11[] = "\x08http/1.1";
  unsigned char* chosen = nullptr;
  const int result = SSL_select_next_proto(&chosen, size, kHttp11, sizeof kHttp11 - 1, offered, offered_size);
  if (result != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_NOACK;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

/// Mozilla's "intermediate" without the suites that lack forward secrecy or authenticated encryption.
void restrict_protocol(SSL_CTX* native) {
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(native, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_cipher_list(native, "ECDHE+AESGCM:ECDHE+CHACHA20");
  SSL_CTX_set1_groups_list(native, "X25519:P-256:P-384");
  SSL_CTX_set_alpn_select_cb(native, choose_protocol, nullptr);
  static constexpr unsigned char kSessions[] = "machi";
  SSL_CTX_set_session_id_context(native, kSessions, sizeof kSessions - 1);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);  // an idle connection keeps no record buffers
}

Result<std::shared_ptr<ssl::context>> load_context(const TlsFiles& files) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  restrict_protocol(context->native_handle());
  boost::system::error_code ec;
  context->use_certificate_chain_file(files.certificate, ec);
  if (ec) return fail(ErrorCode::bad_request, "the certificate cannot be read: " + ec.message(), "tls.certificate");
  context->use_private_key_file(files.key, ssl::context::pem, ec);
  if (ec) return fail(ErrorCode::bad_request, "the key cannot be read: " + ec.message(), "tls.key");
  if (SSL_CTX_check_private_key(context->native_handle()) != 1) {
    return fail(ErrorCode::bad_request, "certificate and key do not belong together", "tls.key");
  }
  return context;
}

}  // namespace

Result<std::shared_ptr<TlsServerContext>> TlsServerContext::load(TlsFiles files) {
  std::shared_ptr<TlsServerContext> out(new TlsServerContext(std::move(files)));
  if (auto loaded = out->reload(); !loaded) return fail(std::move(loaded.error()));
  return out;
}

Result<> TlsServerContext::reload() {
  auto fresh = load_context(files_);
  if (!fresh) return fail(std::move(fresh.error()));
  const std::lock_guard lock(mutex_);
  context_ = *std::move(fresh);
  return {};
}

std::shared_ptr<ssl::context> TlsServerContext::current() const {
  const std::lock_guard lock(mutex_);
  return context_;
}

}  // namespace machi::net
