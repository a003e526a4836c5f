#include "base/secret_box.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <vector>

#include "base/ids.h"
#include "base/log.h"

namespace machi {
namespace {

constexpr int kNonceBytes = 12;
constexpr int kTagBytes = 16;

struct FreeCipher {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

std::string to_base64(std::string_view plain) {
  std::string out(4 * ((plain.size() + 2) / 3) + 1, '\0');  // and the NUL that it writes
  out.resize(static_cast<std::size_t>(EVP_EncodeBlock(bytes(out), bytes(plain), static_cast<int>(plain.size()))));
  return out;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return {};
  std::string out(text.size() / 4 * 3, '\0');
  const int length = EVP_DecodeBlock(bytes(out), bytes(text), static_cast<int>(text.size()));
  if (length < 0) return {};
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  out.resize(static_cast<std::size_t>(length) - padding);
  return out;
}

Failure unusable(const std::filesystem::path& file, std::string_view why) {
  return fail(ErrorCode::internal, "the key file " + file.string() + " " + std::string(why), "secrets.key_file");
}

/// Written whole under another name first: whoever finds the file finds a key in it.
Result<> make_key(const std::filesystem::path& file) {
  std::error_code ignored;
  if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path(), ignored);
  const std::string draft = file.string() + "." + random_uuid();
  const int descriptor = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) return unusable(file, "cannot be made");
  const std::string text = to_base64(random_bytes(SecretBox::kKeyBytes)) + "\n";
  const bool written = write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const bool kept = written && fsync(descriptor) == 0;
  ::close(descriptor);
  // Not rename: the key of a node that was faster must stay.
  const bool linked = kept && (link(draft.c_str(), file.c_str()) == 0 || errno == EEXIST);
  unlink(draft.c_str());
  if (!linked) return unusable(file, "cannot be made");
  return {};
}

Result<std::string> read_key(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string text;
  if (!in || !std::getline(in, text)) return unusable(file, "cannot be read");
  auto key = from_base64(text);
  if (!key || key->size() != SecretBox::kKeyBytes) return unusable(file, "holds no key: 32 bytes in base64");
  struct stat about{};
  if (stat(file.c_str(), &about) == 0 && (about.st_mode & 077U) != 0)
    log::warn("the key of secrets can be read by others than its owner", {{"file", file.string()}});
  return std::move(*key);
}

}  // namespace

Result<SecretBox> SecretBox::open(const std::filesystem::path& key_file) {
  std::error_code error;
  if (!std::filesystem::exists(key_file, error)) {
    if (auto made = make_key(key_file); !made) return fail(made.error());
  }
  auto key = read_key(key_file);
  if (!key) return fail(key.error());
  return SecretBox(std::move(*key));
}

std::string SecretBox::seal(std::string_view plain, std::string_view purpose) const {
  std::string out = random_bytes(kNonceBytes);
  out.resize(kNonceBytes + plain.size() + kTagBytes);
  unsigned char* const body = bytes(out) + kNonceBytes;
  const Cipher cipher(EVP_CIPHER_CTX_new());
  int length = 0;
  const bool sealed =
      cipher && EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, bytes(key_), bytes(out)) == 1 &&
      EVP_EncryptUpdate(cipher.get(), nullptr, &length, bytes(purpose), static_cast<int>(purpose.size())) == 1 &&
      EVP_EncryptUpdate(cipher.get(), body, &length, bytes(plain), static_cast<int>(plain.size())) == 1 &&
      EVP_EncryptFinal_ex(cipher.get(), body + plain.size(), &length) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, body + plain.size()) == 1;
  if (!sealed) throw std::runtime_error("AES-256-GCM failed");
  return to_base64(out);
}

Result<std::string> SecretBox::unseal(std::string_view sealed, std::string_view purpose) const {
  auto raw = from_base64(sealed);
  const Failure refused = fail(ErrorCode::internal, "a secret was not sealed with this key");
  if (!raw || raw->size() < kNonceBytes + kTagBytes) return refused;
  const std::size_t length = raw->size() - kNonceBytes - kTagBytes;
  unsigned char* const body = bytes(*raw) + kNonceBytes;
  std::string plain(length, '\0');
  const Cipher cipher(EVP_CIPHER_CTX_new());
  int ignored = 0;
  const bool opened =
      cipher && EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, bytes(key_), bytes(*raw)) == 1 &&
      EVP_DecryptUpdate(cipher.get(), nullptr, &ignored, bytes(purpose), static_cast<int>(purpose.size())) == 1 &&
      EVP_DecryptUpdate(cipher.get(), bytes(plain), &ignored, body, static_cast<int>(length)) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, body + length) == 1 &&
      EVP_DecryptFinal_ex(cipher.get(), bytes(plain) + length, &ignored) == 1;
  if (!opened) return refused;
  return plain;
}

}  // namespace machi
