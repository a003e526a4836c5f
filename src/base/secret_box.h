#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace machi {

/// Seals what must not be readable in the database or its backups: AES-256-GCM (NIST SP 800-38D) under one key that
/// stands in a file beside the program's data. Immutable: may be shared between threads.
class SecretBox {
 public:
  static constexpr std::size_t kKeyBytes = 32;

  /// The key is the file's content in base64. A file that is not there is made with a new key, mode 0600; of several
  /// nodes that start at once one makes it. Errors: internal (unreadable, unwritable, or no key of 32 bytes).
  [[nodiscard]] static Result<SecretBox> open(const std::filesystem::path& key_file);
  /// `key`: kKeyBytes bytes.
  explicit SecretBox(std::string key) : key_(std::move(key)) {}

  /// Nonce, ciphertext and tag in base64; every time another text. `purpose` names the place: a text that was sealed
  /// for one cannot be opened at another.
  [[nodiscard]] std::string seal(std::string_view plain, std::string_view purpose) const;
  /// What was sealed. Error internal: not sealed with this key, for this purpose, or altered.
  [[nodiscard]] Result<std::string> unseal(std::string_view sealed, std::string_view purpose) const;

 private:
  std::string key_;
};

}  // namespace machi
