#include "ingest/byte_source.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace machi::ingest {

Result<std::unique_ptr<FileSource>> FileSource::open(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "rbe");
  if (file == nullptr) {
    const ErrorCode code = errno == ENOENT ? ErrorCode::not_found : ErrorCode::forbidden;
    return fail(code, std::strerror(errno), path);
  }
  std::unique_ptr<FileSource> source(new FileSource(file, 0));
  struct stat status{};
  if (fstat(fileno(file), &status) != 0 || !S_ISREG(status.st_mode)) {
    return fail(ErrorCode::bad_request, "only a regular file can be imported", path);
  }
  source->size_ = static_cast<std::uint64_t>(status.st_size);
  return source;
}

Result<std::size_t> FileSource::read(std::span<char> into) {
  const std::size_t count = std::fread(into.data(), 1, into.size(), file_.get());
  if (count == 0 && std::ferror(file_.get()) != 0) return fail(ErrorCode::internal, "the file cannot be read");
  return count;
}

Result<> FileSource::rewind() {
  if (std::fseek(file_.get(), 0, SEEK_SET) != 0) return fail(ErrorCode::internal, "the file cannot be read again");
  return {};
}

Result<std::size_t> MemorySource::read(std::span<char> into) {
  const std::size_t count = std::min(into.size(), bytes_.size() - pos_);
  std::memcpy(into.data(), bytes_.data() + pos_, count);
  pos_ += count;
  return count;
}

Result<> MemorySource::rewind() {
  pos_ = 0;
  return {};
}

}  // namespace machi::ingest
