#pragma once
#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace machi::ingest {

/// Bytes that can be read more than once, in pieces. Used by one thread.
class ByteSource {
 public:
  ByteSource() = default;
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;
  virtual ~ByteSource() = default;

  /// Fills `into` from its start; gives the number of bytes, 0 at the end.
  [[nodiscard]] virtual Result<std::size_t> read(std::span<char> into) = 0;
  [[nodiscard]] virtual Result<> rewind() = 0;
  /// Bytes in all.
  [[nodiscard]] virtual std::uint64_t size() const = 0;
};

/// A file on disk.
class FileSource final : public ByteSource {
 public:
  /// Errors: not_found, bad_request (not a regular file), forbidden.
  [[nodiscard]] static Result<std::unique_ptr<FileSource>> open(const std::string& path);

  Result<std::size_t> read(std::span<char> into) override;
  Result<> rewind() override;
  std::uint64_t size() const override { return size_; }

 private:
  struct Close {
    void operator()(std::FILE* f) const { std::fclose(f); }
  };
  FileSource(std::FILE* file, std::uint64_t size) : file_(file), size_(size) {}
  std::unique_ptr<std::FILE, Close> file_;
  std::uint64_t size_;
};

/// Bytes in memory; the caller keeps them alive.
class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(std::string_view bytes) : bytes_(bytes) {}

  Result<std::size_t> read(std::span<char> into) override;
  Result<> rewind() override;
  std::uint64_t size() const override { return bytes_.size(); }

 private:
  std::string_view bytes_;
  std::size_t pos_ = 0;
};

}  // namespace machi::ingest
