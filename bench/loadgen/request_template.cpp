#include "loadgen/request_template.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string_view>

namespace bench {

RequestTemplate RequestTemplate::from_file(const std::string& path, const std::string& host) {
  std::ifstream in(path);
  if (!in) throw std::runtime_error("cannot read " + path);
  RequestTemplate made;
  std::string line;
  std::getline(in, line);
  std::string head = line + " HTTP/1.1\r\nHost: " + host + "\r\n";
  while (std::getline(in, line) && !line.empty()) head += line + "\r\n";
  std::string body((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  while (body.ends_with('\n')) body.pop_back();
  head += body.empty() ? "\r\n" : "Content-Length: ";
  made.head_ = split(head);
  made.body_ = split(body);
  return made;
}

RequestTemplate::Pieces RequestTemplate::split(const std::string& text) {
  static constexpr std::array<std::pair<std::string_view, Part>, 3> kPlaceholders{
      {{"{id}", Part::id}, {"{number}", Part::number}, {"{now}", Part::now}}};
  Pieces pieces;
  std::string plain;
  for (std::size_t at = 0; at < text.size();) {
    Part part = Part::text;
    std::size_t length = 1;
    for (const auto& [name, kind] : kPlaceholders) {
      if (text.compare(at, name.size(), name) != 0) continue;
      part = kind;
      length = name.size();
    }
    if (part == Part::text) {
      plain += text[at];
    } else {
      pieces.emplace_back(Part::text, std::exchange(plain, {}));
      pieces.emplace_back(part, std::string{});
    }
    at += length;
  }
  if (!plain.empty()) pieces.emplace_back(Part::text, plain);
  return pieces;
}

void RequestTemplate::fill(std::string& out, const Pieces& pieces, std::pair<std::int64_t, std::int64_t> ids,
                           std::mt19937_64& random) {
  for (const auto& [part, text] : pieces) {
    switch (part) {
      case Part::text:
        out += text;
        break;
      case Part::id:
        fmt::format_to(std::back_inserter(out), "{}", std::uniform_int_distribution(ids.first, ids.second)(random));
        break;
      case Part::number: {
        const auto hundredths = std::uniform_int_distribution<int>(0, 99'999'999)(random);
        fmt::format_to(std::back_inserter(out), "{}.{:02}", hundredths / 100, hundredths % 100);
        break;
      }
      case Part::now: {
        const auto now = std::chrono::system_clock::now().time_since_epoch();
        fmt::format_to(std::back_inserter(out), "{}",
                       std::chrono::duration_cast<std::chrono::microseconds>(now).count());
        break;
      }
    }
  }
}

void RequestTemplate::write(std::string& out, std::pair<std::int64_t, std::int64_t> ids,
                            std::mt19937_64& random) const {
  fill(out, head_, ids, random);
  if (body_.empty()) return;
  std::string body;
  fill(body, body_, ids, random);
  fmt::format_to(std::back_inserter(out), "{}\r\n\r\n{}", body.size(), body);
}

}  // namespace bench
