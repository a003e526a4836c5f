#pragma once
#include <filesystem>
#include <memory>
#include <string>

#include "base/secret_box.h"

namespace machi::app {

/// Opens (or makes) the key of secrets and holds it against the database: the first node leaves a mark there that only
/// its key opens. Blocking: call before the loops run. Errors: those of SecretBox::open; conflict (the secrets of this
/// database were sealed with another key); those of db::run_once.
[[nodiscard]] Result<std::shared_ptr<const SecretBox>> open_secrets(const std::filesystem::path& key_file,
                                                                    const std::string& database_url);

}  // namespace machi::app
