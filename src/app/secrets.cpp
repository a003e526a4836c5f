#include "app/secrets.h"

#include "db/migrations.h"

namespace machi::app {
namespace {

constexpr std::string_view kPurpose = "secret_key";

}  // namespace

Result<std::shared_ptr<const SecretBox>> open_secrets(const std::filesystem::path& key_file,
                                                      const std::string& database_url) {
  auto secrets = SecretBox::open(key_file);
  if (!secrets) return fail(secrets.error());
  // Base64: nothing in it needs quoting.
  auto left = db::run_once(database_url, "insert into machi.secret_key (mark) values ('" +
                                             secrets->seal("mark", kPurpose) + "') on conflict do nothing");
  if (!left) return fail(left.error());
  auto mark = db::run_once(database_url, "select mark from machi.secret_key");
  if (!mark) return fail(mark.error());
  if (!secrets->unseal(*mark, kPurpose)) {
    return fail(ErrorCode::conflict,
                "the passwords in this database are sealed with another key than that of " + key_file.string() +
                    ": nodes that share a database need the same key; name its file in secrets.key_file",
                "secrets.key_file");
  }
  return std::make_shared<const SecretBox>(std::move(*secrets));
}

}  // namespace machi::app
