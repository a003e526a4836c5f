#include "ingest/text_encoding.h"

#include <iconv.h>

#include <array>
#include <cerrno>
#include <stdexcept>

namespace machi::ingest {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::size_t kSample = 65536;

unsigned byte_at(std::string_view bytes, std::size_t i) {
  return static_cast<unsigned char>(bytes[i]);
}

void append_utf8(std::string& out, unsigned code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | code >> 18);
    out += static_cast<char>(0x80 | (code >> 12 & 0x3F));
    out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

/// Length of the UTF-8 sequence at `i` (RFC 3629 §4), 0 if there is none, -1 if the text ends within one.
int utf8_sequence(std::string_view s, std::size_t i) {
  const unsigned lead = byte_at(s, i);
  if (lead < 0x80) return 1;
  int length = 0;
  unsigned low = 0x80;
  unsigned high = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  } else {
    return 0;
  }
  for (int k = 1; k < length; ++k) {
    if (i + static_cast<std::size_t>(k) >= s.size()) return -1;
    const unsigned b = byte_at(s, i + static_cast<std::size_t>(k));
    if (b < low || b > high) return 0;
    low = 0x80;
    high = 0xBF;
  }
  return length;
}

/// How much of a sample looks like text in UTF-16 of one byte order: ASCII and Japanese blocks.
std::size_t utf16_plausibility(std::string_view sample, bool little_endian) {
  std::size_t plausible = 0;
  for (std::size_t i = 0; i + 1 < sample.size(); i += 2) {
    const unsigned unit = little_endian ? byte_at(sample, i) | byte_at(sample, i + 1) << 8
                                        : byte_at(sample, i) << 8 | byte_at(sample, i + 1);
    const bool ascii = unit == 9 || unit == 10 || unit == 13 || (unit >= 0x20 && unit < 0x7F);
    if (ascii || (unit >= 0x3000 && unit <= 0x30FF)) ++plausible;
  }
  return plausible;
}

Result<std::uint64_t> count_unreadable(ByteSource& source, TextEncoding encoding) {
  if (auto ok = source.rewind(); !ok) return fail(ok.error());
  TextDecoder decoder(encoding);
  std::string piece(kSample, '\0');
  std::string text;
  for (;;) {
    const auto count = source.read(piece);
    if (!count) return fail(count.error());
    if (*count == 0) break;
    text.clear();
    decoder.decode(std::string_view(piece).substr(0, *count), text);
  }
  decoder.finish(text);
  return decoder.unreadable_bytes();
}

Result<DetectedEncoding> detect_by_content(ByteSource& source) {
  const auto as_utf8 = count_unreadable(source, TextEncoding::utf8);
  if (!as_utf8) return fail(as_utf8.error());
  if (*as_utf8 == 0) return DetectedEncoding{TextEncoding::utf8, false, 0};
  const auto as_cp932 = count_unreadable(source, TextEncoding::cp932);
  if (!as_cp932) return fail(as_cp932.error());
  if (*as_cp932 <= *as_utf8) return DetectedEncoding{TextEncoding::cp932, false, *as_cp932};
  return DetectedEncoding{TextEncoding::utf8, false, *as_utf8};
}

}  // namespace

std::string_view name_of(TextEncoding encoding) {
  switch (encoding) {
    case TextEncoding::utf8:
      return "UTF-8";
    case TextEncoding::cp932:
      return "CP932";
    case TextEncoding::utf16_le:
      return "UTF-16LE";
    case TextEncoding::utf16_be:
      return "UTF-16BE";
  }
  return "";
}

Result<DetectedEncoding> detect_encoding(ByteSource& source) {
  if (auto ok = source.rewind(); !ok) return fail(ok.error());
  std::string sample(kSample, '\0');
  const auto count = source.read(sample);
  if (!count) return fail(count.error());
  sample.resize(*count);
  Result<DetectedEncoding> found = DetectedEncoding{};
  if (sample.starts_with(kByteOrderMark)) {
    auto unreadable = count_unreadable(source, TextEncoding::utf8);
    if (!unreadable) return fail(unreadable.error());
    found = DetectedEncoding{TextEncoding::utf8, true, *unreadable};
  } else if (sample.starts_with("\xFF\xFE")) {
    found = DetectedEncoding{TextEncoding::utf16_le, true, 0};
  } else if (sample.starts_with("\xFE\xFF")) {
    found = DetectedEncoding{TextEncoding::utf16_be, true, 0};
  } else if (sample.find('\0') != std::string::npos) {
    const bool little = utf16_plausibility(sample, true) >= utf16_plausibility(sample, false);
    found = DetectedEncoding{little ? TextEncoding::utf16_le : TextEncoding::utf16_be, false, 0};
  } else {
    found = detect_by_content(source);
  }
  if (!found) return found;
  if (auto ok = source.rewind(); !ok) return fail(ok.error());
  return found;
}

struct TextDecoder::Converter {
  // glibc's "CP932" is Microsoft's table; its "SHIFT_JIS" fails on ① and 髙.
  iconv_t handle = iconv_open("UTF-8", "CP932");
  Converter() {
    if (handle == reinterpret_cast<iconv_t>(-1)) throw std::runtime_error("this system's iconv lacks CP932");
  }
  ~Converter() { iconv_close(handle); }
  Converter(const Converter&) = delete;
  Converter& operator=(const Converter&) = delete;
};

TextDecoder::TextDecoder(TextEncoding encoding) : encoding_(encoding) {
  if (encoding == TextEncoding::cp932) converter_ = std::make_unique<Converter>();
}
TextDecoder::~TextDecoder() = default;

void TextDecoder::replace(std::string& out) {
  out += kReplacement;
  ++unreadable_;
}

void TextDecoder::decode(std::string_view bytes, std::string& out) {
  rest_ += bytes;
  const std::size_t start = out.size();
  std::size_t used = 0;
  if (encoding_ == TextEncoding::utf8) {
    used = decode_utf8(rest_, out);
  } else if (encoding_ == TextEncoding::cp932) {
    used = decode_cp932(rest_, out);
  } else {
    used = decode_utf16(rest_, out);
  }
  rest_.erase(0, used);
  if (at_start_ && out.size() > start) {
    at_start_ = false;
    if (std::string_view(out).substr(start).starts_with(kByteOrderMark)) out.erase(start, kByteOrderMark.size());
  }
}

void TextDecoder::finish(std::string& out) {
  for (std::size_t i = 0; i < rest_.size(); ++i) replace(out);
  rest_.clear();
}

std::size_t TextDecoder::decode_utf8(std::string_view bytes, std::string& out) {
  std::size_t i = 0;
  while (i < bytes.size()) {
    const int length = utf8_sequence(bytes, i);
    if (length < 0) break;
    if (length == 0) {
      replace(out);
      ++i;
    } else {
      out.append(bytes, i, static_cast<std::size_t>(length));
      i += static_cast<std::size_t>(length);
    }
  }
  return i;
}

std::size_t TextDecoder::decode_cp932(std::string_view bytes, std::string& out) {
  std::array<char, 16384> buffer;
  // iconv's signature predates const; it does not write to its input.
  char* in = const_cast<char*>(bytes.data());
  std::size_t left = bytes.size();
  while (left > 0) {
    char* to = buffer.data();
    std::size_t room = buffer.size();
    const std::size_t result = iconv(converter_->handle, &in, &left, &to, &room);
    const int error = errno;
    out.append(buffer.data(), to);
    if (result != static_cast<std::size_t>(-1) || error == E2BIG) continue;
    if (error == EINVAL) break;  // the end of a character is still to come
    replace(out);
    ++in;
    --left;
  }
  return bytes.size() - left;
}

std::size_t TextDecoder::decode_utf16(std::string_view bytes, std::string& out) const {
  const auto unit = [&](std::size_t i) {
    const unsigned a = byte_at(bytes, i);
    const unsigned b = byte_at(bytes, i + 1);
    return encoding_ == TextEncoding::utf16_le ? a | b << 8 : a << 8 | b;
  };
  std::size_t i = 0;
  while (i + 1 < bytes.size()) {
    const unsigned first = unit(i);
    if (first < 0xD800 || first > 0xDFFF) {
      append_utf8(out, first);
      i += 2;
      continue;
    }
    if (first <= 0xDBFF && i + 3 >= bytes.size()) break;
    const unsigned second = first <= 0xDBFF ? unit(i + 2) : 0;
    if (second >= 0xDC00 && second <= 0xDFFF) {
      append_utf8(out, 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00));
      i += 4;
    } else {
      out += kReplacement;
      i += 2;
    }
  }
  return i;
}

Result<bool> TextSource::read(std::string& out) {
  if (finished_) return false;
  const auto count = bytes_.read(piece_);
  if (!count) return fail(count.error());
  bytes_read_ += *count;
  if (*count == 0) {
    finished_ = true;
    const std::size_t before = out.size();
    decoder_.finish(out);
    return out.size() > before;
  }
  decoder_.decode(std::string_view(piece_).substr(0, *count), out);
  return true;
}

}  // namespace machi::ingest
