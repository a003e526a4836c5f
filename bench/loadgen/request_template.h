#pragma once
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace bench {

/// A request to send again and again. Its file holds method and path on the first line, header fields, an empty line
/// and the body. What is replaced in path and body, anew for each request:
///   {id}      a random whole number of the range of ids, each equally likely
///   {number}  a random number below a million with two decimals
///   {now}     microseconds since 1970
class RequestTemplate {
 public:
  /// `host` is sent as the Host field. Throws std::runtime_error naming the file when it cannot be read.
  static RequestTemplate from_file(const std::string& path, const std::string& host);

  /// Appends the request. `ids`: first and last id.
  void write(std::string& out, std::pair<std::int64_t, std::int64_t> ids, std::mt19937_64& random) const;

 private:
  enum class Part { text, id, number, now };
  using Pieces = std::vector<std::pair<Part, std::string>>;
  static Pieces split(const std::string& text);
  static void fill(std::string& out, const Pieces& pieces, std::pair<std::int64_t, std::int64_t> ids,
                   std::mt19937_64& random);

  Pieces head_;  ///< up to the value of Content-Length, or to the end of the head if there is no body
  Pieces body_;
};

}  // namespace bench
