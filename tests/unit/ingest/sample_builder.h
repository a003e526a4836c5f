#pragma once
#include <iconv.h>

#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/dataset.h"

namespace machi::ingest {

/// Builds files as municipalities publish them, with rows of our own making: the header of a layout, then rows given by
/// heading.
class SampleBuilder {
 public:
  using Row = std::map<std::string, std::string>;

  SampleBuilder(const DatasetCatalogue& catalogue, std::string_view dataset, std::string_view layout) {
    for (const LayoutDefinition& l : catalogue.find(dataset)->layouts) {
      if (l.id != layout) continue;
      for (const LayoutColumn& column : l.columns) header_.push_back(column.header);
    }
    if (header_.empty()) throw std::logic_error("no such layout");
  }
  SampleBuilder& add(const Row& row) {
    for (const auto& [heading, text] : row) {
      if (std::ranges::find(header_, heading) == header_.end()) throw std::logic_error("no heading " + heading);
    }
    rows_.push_back(row);
    return *this;
  }
  SampleBuilder& separator(char c) {
    separator_ = c;
    return *this;
  }
  [[nodiscard]] const std::vector<std::string>& header() const { return header_; }

  /// UTF-8 with CRLF, each field quoted only where it must be.
  [[nodiscard]] std::string utf8() const {
    std::string out = line(header_);
    for (const Row& row : rows_) {
      std::vector<std::string> fields;
      for (const std::string& heading : header_) {
        const auto it = row.find(heading);
        fields.push_back(it == row.end() ? std::string() : it->second);
      }
      out += line(fields);
    }
    return out;
  }
  [[nodiscard]] std::string utf8_with_mark() const { return "\xEF\xBB\xBF" + utf8(); }
  [[nodiscard]] std::string cp932() const { return convert(utf8(), "CP932"); }
  [[nodiscard]] std::string utf16le() const { return convert("\xEF\xBB\xBF" + utf8(), "UTF-16LE"); }

 private:
  [[nodiscard]] std::string line(const std::vector<std::string>& fields) const {
    std::string out;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (i > 0) out += separator_;
      const bool quote = fields[i].find_first_of(std::string("\"\r\n") + separator_) != std::string::npos;
      if (!quote) {
        out += fields[i];
        continue;
      }
      out += '"';
      for (const char c : fields[i]) out += c == '"' ? std::string("\"\"") : std::string(1, c);
      out += '"';
    }
    return out + "\r\n";
  }
  static std::string convert(std::string text, const char* encoding) {
    const iconv_t handle = iconv_open(encoding, "UTF-8");
    std::string out(text.size() * 2 + 16, '\0');
    char* in = text.data();
    char* to = out.data();
    std::size_t left = text.size();
    std::size_t room = out.size();
    const std::size_t result = iconv(handle, &in, &left, &to, &room);
    iconv_close(handle);
    if (result == static_cast<std::size_t>(-1)) throw std::logic_error("a letter that the encoding lacks");
    out.resize(out.size() - room);
    return out;
  }

  std::vector<std::string> header_;
  std::vector<Row> rows_;
  char separator_ = ',';
};

}  // namespace machi::ingest
