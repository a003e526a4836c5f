#pragma once
#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "base/result.h"
#include "net/router.h"

namespace machi::net {

/// The files of a web app, read once and kept in memory in three forms: as they are, gzip and brotli. Immutable: shared
/// by all loops. Answers carry a strict content security policy, so a page needs its scripts and styles as files.
class StaticFiles : public std::enable_shared_from_this<StaticFiles> {
 public:
  /// Most bytes that a folder may hold in all.
  static constexpr std::uintmax_t kMaxBytes = 64 * 1024 * 1024;

  /// Reads every regular file below `folder`; hidden files and symbolic links are left out. `prefix` starts each path,
  /// e.g. `/portal`; empty for the root. Blocking. Errors: not_found (no such folder, or no index.html in it),
  /// payload_too_large.
  [[nodiscard]] static Result<std::shared_ptr<const StaticFiles>> load(const std::filesystem::path& folder,
                                                                       std::string prefix = {});

  /// GET routes, one a file; `index.html` also answers at its folder. The routes keep this object alive.
  [[nodiscard]] std::vector<Route> routes(Operation operation, Permission permission) const;

  /// 200 in the best encoding that the request accepts (RFC 9110 §12.5.3), or 304 if it has this form already
  /// (§13.1.2, §13.1.3). Over TLS the answer asks the browser to stay with TLS (RFC 6797). `path` is one of the
  /// routes'; another one answers 404.
  [[nodiscard]] Response answer(std::string_view path, const Request& request) const;

 private:
  struct File {
    std::string media_type;
    std::string modified;  ///< as Last-Modified shows it
    std::string tag;       ///< hash of the content; with a suffix for each encoding it becomes the entity tag
    bool immutable = false;
    std::string plain;
    std::string gzip;    ///< empty where it would not be smaller
    std::string brotli;  ///< likewise
  };
  static Result<File> read(const std::filesystem::path& path, bool immutable);

  std::map<std::string, File, std::less<>> files_;
};

}  // namespace machi::net
