#include <array>
#include <charconv>

#include "broker/query/regex.h"

// One pass over a pattern that RE2 has accepted: each construct is either copied in a spelling that PostgreSQL reads
// the same way, or the whole pattern is given up. Giving up is always right: RE2 then decides.
namespace machi::broker::query {
namespace {

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

class Rewriter {
 public:
  explicit Rewriter(std::string_view pattern) : in_(pattern) {}

  std::optional<std::string> run() {
    while (at_ < in_.size()) {
      if (!construct()) return {};
    }
    // PostgreSQL and RE2 both take an empty branch, but not in the same places.
    if (last_ == Last::branch_start && !in_.empty()) return {};
    return std::move(out_);
  }

 private:
  enum class Last : std::uint8_t { branch_start, atom, anchor, quantifier };

  bool construct() {
    const char c = in_[at_];
    switch (c) {
      case '^':
      case '$':
        return anchor(c);
      case '.':
        ++at_;
        return atom(".");
      case '(':
        return open_group();
      case ')':
        if (last_ == Last::branch_start) return false;
        ++at_;
        return atom(")");
      case '|':
        if (last_ == Last::branch_start) return false;
        ++at_;
        out_ += '|';
        last_ = Last::branch_start;
        return true;
      case '*':
      case '+':
      case '?':
        ++at_;
        return quantifier(std::string_view(&in_[at_ - 1], 1));
      case '{':
        return brace();
      case '[':
        return bracket();
      case '\\':
        return escape();
      case ']':
      case '}':
        ++at_;
        return atom(c == ']' ? "\\]" : "\\}");
      default:
        ++at_;
        return atom(std::string_view(&in_[at_ - 1], 1));
    }
  }

  static bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

  bool atom(std::string_view text) {
    out_ += text;
    last_ = Last::atom;
    return true;
  }

  bool anchor(char c) {
    ++at_;
    out_ += c;
    last_ = Last::anchor;
    return true;
  }

  bool open_group() {
    if (at_ + 1 < in_.size() && in_[at_ + 1] == '?') {
      if (in_.substr(at_, 3) != "(?:") return false;
      at_ += 2;
    }
    ++at_;
    out_ += "(?:";
    last_ = Last::branch_start;
    return true;
  }

  bool quantifier(std::string_view text) {
    if (last_ != Last::atom) return false;
    out_ += text;
    last_ = Last::quantifier;
    // Which of several matches is found does not matter here, so greed does not either.
    if (at_ < in_.size() && in_[at_] == '?') ++at_;
    return true;
  }

  // `{m}`, `{m,}` and `{m,n}`; any other brace stands for itself.
  bool brace() {
    std::size_t p = at_ + 1;
    const auto number = [&](int& value) {
      const auto [end, error] = std::from_chars(in_.data() + p, in_.data() + in_.size(), value);
      if (error != std::errc()) return false;
      p = static_cast<std::size_t>(end - in_.data());
      return true;
    };
    int least = 0;
    int most = 0;
    bool is_bound = p < in_.size() && in_[p] >= '0' && in_[p] <= '9' && number(least);
    most = least;
    if (is_bound && p < in_.size() && in_[p] == ',') {
      ++p;
      if (p < in_.size() && in_[p] >= '0' && in_[p] <= '9') is_bound = number(most);
    }
    is_bound = is_bound && p < in_.size() && in_[p] == '}';
    if (!is_bound) {
      ++at_;
      return atom("\\{");
    }
    if (least > kMaxRepeat || most > kMaxRepeat || least > most) return false;
    const auto text = in_.substr(at_, p + 1 - at_);
    at_ = p + 1;
    return quantifier(text);
  }

  bool escape() {
    if (at_ + 1 >= in_.size()) return false;
    const char c = in_[at_ + 1];
    at_ += 2;
    switch (c) {
      case 'd':
        return atom("[0-9]");
      case 'D':
        return atom("[^0-9]");
      case 'w':
        return atom("[A-Za-z0-9_]");
      case 'W':
        return atom("[^A-Za-z0-9_]");
      case 's':
        return atom("[ \\t\\n\\f\\r]");
      case 'S':
        return atom("[^ \\t\\n\\f\\r]");
      default:
        return escaped_character(c) && atom("");
    }
  }

  // A single character after a backslash, in or outside brackets.
  bool escaped_character(char c) {
    if (c == 't' || c == 'n' || c == 'f' || c == 'r' || c == 'v') {
      out_ += '\\';
      out_ += c;
      return true;
    }
    if (is_alphanumeric(c) || static_cast<unsigned char>(c) >= 0x80 || static_cast<unsigned char>(c) < 0x20)
      return false;
    out_ += '\\';
    out_ += c;
    return true;
  }

  bool bracket() {
    ++at_;
    out_ += '[';
    if (at_ < in_.size() && in_[at_] == '^') {
      out_ += '^';
      ++at_;
    }
    for (bool first = true; at_ < in_.size(); first = false) {
      if (in_[at_] == ']' && !first) {
        ++at_;
        return atom("]");
      }
      if (!bracket_item()) return false;
    }
    return false;
  }

  bool bracket_item() {
    if (in_.substr(at_, 2) == "[:") return character_class();
    if (in_[at_] == '\\' && at_ + 1 < in_.size()) {
      const char c = in_[at_ + 1];
      const std::string_view set = c == 'd' ? "0-9" : c == 'w' ? "A-Za-z0-9_" : c == 's' ? " \\t\\n\\f\\r" : "";
      if (!set.empty()) {
        at_ += 2;
        out_ += set;
        // `[\d-x]` is read in two ways.
        return !(at_ < in_.size() && in_[at_] == '-' && at_ + 1 < in_.size() && in_[at_ + 1] != ']');
      }
    }
    if (!bracket_character()) return false;
    if (at_ + 1 < in_.size() && in_[at_] == '-' && in_[at_ + 1] != ']') {
      ++at_;
      out_ += '-';
      if (in_.substr(at_, 2) == "[:") return false;
      return bracket_character();
    }
    return true;
  }

  // One character of a bracket expression; punctuation is escaped, so that it cannot mean anything.
  bool bracket_character() {
    char c = in_[at_];
    if (c == '\\') {
      if (at_ + 1 >= in_.size()) return false;
      at_ += 2;
      return escaped_character(in_[at_ - 1]);
    }
    if (c == '[' && at_ + 1 < in_.size() && (in_[at_ + 1] == '.' || in_[at_ + 1] == '=')) return false;
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      ++at_;
      if (!is_alphanumeric(c) && byte > 0x20 && byte < 0x7F) out_ += '\\';
      out_ += c;
      return true;
    }
    do {
      out_ += in_[at_++];
    } while (at_ < in_.size() && is_continuation(in_[at_]));
    return true;
  }

  bool character_class() {
    static constexpr std::array<std::string_view, 10> kClasses{"[:alpha:]", "[:digit:]", "[:alnum:]", "[:upper:]",
                                                               "[:lower:]", "[:punct:]", "[:space:]", "[:xdigit:]",
                                                               "[:blank:]", "[:cntrl:]"};
    for (const auto name : kClasses) {
      if (in_.substr(at_, name.size()) == name) {
        at_ += name.size();
        out_ += name;
        return !(at_ + 1 < in_.size() && in_[at_] == '-' && in_[at_ + 1] != ']');
      }
    }
    return false;
  }

  static constexpr int kMaxRepeat = 255;  // PostgreSQL's DUPMAX
  std::string_view in_;
  std::size_t at_ = 0;
  std::string out_{};
  Last last_ = Last::branch_start;
};

}  // namespace

std::optional<std::string> to_postgresql_regex(std::string_view pattern) {
  return Rewriter(pattern).run();
}

}  // namespace machi::broker::query
