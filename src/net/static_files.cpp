#include "net/static_files.h"

#include <brotli/encode.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <zlib.h>

#include <array>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

#include "base/timestamp.h"

namespace machi::net {
namespace {

struct MediaType {
  std::string_view extension;
  std::string_view name;
  bool compressible;
};
constexpr std::array kMediaTypes = {
    MediaType{".html", "text/html; charset=utf-8", true},
    MediaType{".js", "text/javascript; charset=utf-8", true},
    MediaType{".css", "text/css; charset=utf-8", true},
    MediaType{".json", "application/json", true},
    MediaType{".yaml", "application/yaml", true},
    MediaType{".webmanifest", "application/manifest+json", true},
    MediaType{".svg", "image/svg+xml", true},
    MediaType{".txt", "text/plain; charset=utf-8", true},
    MediaType{".png", "image/png", false},
    MediaType{".webp", "image/webp", false},
    MediaType{".ico", "image/x-icon", false},
    MediaType{".woff2", "font/woff2", false},
};
constexpr MediaType kUnknownMediaType{"", "application/octet-stream", false};

constexpr std::string_view kContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const MediaType& media_type_of(const std::filesystem::path& path) {
  const std::string extension = path.extension().string();
  for (const MediaType& each : kMediaTypes) {
    if (each.extension == extension) return each;
  }
  return kUnknownMediaType;
}

std::string hash_of(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr);
  std::string out;
  for (std::size_t i = 0; i < 16; ++i) out += fmt::format("{:02x}", digest.at(i));
  return out;
}

/// Empty when the result would not be smaller.
std::string gzip(std::string_view bytes) {
  z_stream stream{};
  constexpr int kGzipWindow = MAX_WBITS + 16;
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kGzipWindow, MAX_MEM_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK) {
    return {};
  }
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));  // zlib does not write there
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const bool whole = deflate(&stream, Z_FINISH) == Z_STREAM_END;
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (!whole || out.size() >= bytes.size()) return {};
  return out;
}

std::string brotli(std::string_view bytes) {
  std::size_t size = BrotliEncoderMaxCompressedSize(bytes.size());
  std::string out(size, '\0');
  const bool whole = BrotliEncoderCompress(BROTLI_DEFAULT_QUALITY, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_TEXT,
                                           bytes.size(), reinterpret_cast<const std::uint8_t*>(bytes.data()), &size,
                                           reinterpret_cast<std::uint8_t*>(out.data())) == BROTLI_TRUE;
  if (!whole || size >= bytes.size()) return {};
  out.resize(size);
  return out;
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// Calls `take` with each member of a comma-separated list.
template <typename Take>
void each_member(std::string_view list, Take take) {
  while (!list.empty()) {
    const auto comma = list.find(',');
    take(trimmed(list.substr(0, comma)));
    if (comma == std::string_view::npos) return;
    list.remove_prefix(comma + 1);
  }
}

/// Whether Accept-Encoding names this coding with a weight other than zero.
bool accepts(std::string_view accept_encoding, std::string_view coding) {
  bool accepted = false;
  each_member(accept_encoding, [&](std::string_view member) {
    const auto semicolon = member.find(';');
    if (trimmed(member.substr(0, semicolon)) != coding) return;
    const std::string_view weight = semicolon == std::string_view::npos ? "q=1" : trimmed(member.substr(semicolon + 1));
    accepted = weight.find_first_of("123456789") != std::string_view::npos;
  });
  return accepted;
}

bool has_tag(std::string_view if_none_match, std::string_view tag) {
  bool found = false;
  each_member(if_none_match, [&](std::string_view member) {
    if (member.starts_with("W/")) member.remove_prefix(2);
    if (member == "*" || member == tag) found = true;
  });
  return found;
}

/// If-Modified-Since counts only without If-None-Match, and only as the date that we gave: no clock to trust.
bool is_unchanged(const Request& request, std::string_view tag, std::string_view modified) {
  const std::string_view tags = request.headers.get("If-None-Match");
  if (!tags.empty()) return has_tag(tags, tag);
  return !modified.empty() && request.headers.get("If-Modified-Since") == modified;
}

Task<Response> answer_file(std::shared_ptr<const StaticFiles> files, std::string path, const Request& request) {
  co_return files->answer(path, request);
}

}  // namespace

Result<StaticFiles::File> StaticFiles::read(const std::filesystem::path& path, bool immutable) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail(ErrorCode::not_found, "cannot read " + path.string());
  const MediaType& type = media_type_of(path);
  File file;
  file.media_type = type.name;
  file.immutable = immutable;
  file.plain.assign(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  struct stat status{};
  if (::stat(path.c_str(), &status) == 0) {
    file.modified = to_http_date({static_cast<std::int64_t>(status.st_mtim.tv_sec) * 1'000'000});
  }
  file.tag = hash_of(file.plain);
  if (type.compressible) {
    file.gzip = gzip(file.plain);
    file.brotli = brotli(file.plain);
  }
  return file;
}

Result<std::shared_ptr<const StaticFiles>> StaticFiles::load(const std::filesystem::path& folder, std::string prefix) {
  if (!std::filesystem::is_regular_file(folder / "index.html")) {
    return fail(ErrorCode::not_found, "no index.html in " + folder.string());
  }
  auto files = std::make_shared<StaticFiles>();
  std::uintmax_t total = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_symlink() || !entry.is_regular_file() || entry.path().filename().string().starts_with('.')) continue;
    total += entry.file_size();
    if (total > kMaxBytes) return fail(ErrorCode::payload_too_large, folder.string() + " holds too much");
    const std::string relative = entry.path().lexically_relative(folder).generic_string();
    // The build names what it puts there after its content.
    auto file = read(entry.path(), relative.starts_with("assets/"));
    if (!file) return fail(std::move(file.error()));
    std::string path = prefix;
    path.append("/").append(relative);
    constexpr std::string_view kIndex = "/index.html";
    if (path.ends_with(kIndex)) {
      const std::string folder_path = path.substr(0, path.size() - kIndex.size());
      files->files_[folder_path.empty() ? "/" : folder_path] = *file;
    }
    files->files_[path] = std::move(*file);
  }
  return files;
}

std::vector<Route> StaticFiles::routes(Operation operation, Permission permission) const {
  std::vector<Route> out;
  for (const auto& [path, file] : files_) {
    Handler handler = [files = shared_from_this(), &path](Request& request) {
      return answer_file(files, path, request);
    };
    out.emplace_back(Method::get, path, operation, permission, DataClass::open, LimitClass::read, std::move(handler));
  }
  return out;
}

Response StaticFiles::answer(std::string_view path, const Request& request) const {
  const auto found = files_.find(path);
  if (found == files_.end()) return Response::empty(404);
  const File& file = found->second;
  const std::string_view accepted = request.headers.get("Accept-Encoding");
  const std::string* body = &file.plain;
  std::string_view coding;
  if (!file.brotli.empty() && accepts(accepted, "br")) {
    body = &file.brotli;
    coding = "br";
  } else if (!file.gzip.empty() && accepts(accepted, "gzip")) {
    body = &file.gzip;
    coding = "gzip";
  }
  const std::string tag = fmt::format("\"{}{}{}\"", file.tag, coding.empty() ? "" : "-", coding);
  const bool unchanged = is_unchanged(request, tag, file.modified);
  Response response = Response::empty(unchanged ? 304 : 200);
  response.headers.add("ETag", tag);
  if (!file.modified.empty()) response.headers.add("Last-Modified", file.modified);
  response.headers.add("Vary", "Accept-Encoding");
  response.headers.add("Cache-Control", file.immutable ? "public, max-age=31536000, immutable" : "no-cache");
  response.headers.add("Content-Security-Policy", std::string(kContentSecurityPolicy));
  response.headers.add("X-Content-Type-Options", "nosniff");
  response.headers.add("Referrer-Policy", "no-referrer");
  if (request.secure) response.headers.add("Strict-Transport-Security", "max-age=31536000");
  if (unchanged) return response;
  response.headers.add("Content-Type", file.media_type);
  if (!coding.empty()) response.headers.add("Content-Encoding", std::string(coding));
  response.body = *body;
  return response;
}

}  // namespace machi::net
