#include "broker/query/regex.h"

#include <re2/re2.h>

namespace machi::broker::query {

struct Regex::Engine {
  RE2 re2;
};

Regex::Regex(std::unique_ptr<Engine> engine, std::string_view text)
    : engine_(std::move(engine)), text_(text), sql_(to_postgresql_regex(text)) {}

Regex::~Regex() = default;

Result<std::shared_ptr<const Regex>> Regex::compile(std::string_view pattern) {
  if (pattern.size() > kMaxPatternBytes) return fail(ErrorCode::bad_request, "regular expression too long");
  if (pattern.find('\0') != std::string_view::npos) return fail(ErrorCode::bad_request, "NUL in regular expression");
  RE2::Options options;
  options.set_log_errors(false);
  options.set_dot_nl(true);
  options.set_max_mem(kMaxProgramBytes);
  auto engine = std::unique_ptr<Engine>(new Engine{RE2(re2::StringPiece(pattern.data(), pattern.size()), options)});
  if (!engine->re2.ok()) return fail(ErrorCode::bad_request, engine->re2.error());
  return std::shared_ptr<const Regex>(new Regex(std::move(engine), pattern));
}

bool Regex::found_in(std::string_view text) const {
  return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), engine_->re2);
}

bool Regex::is_universal() const {
  return text_ == ".*" || text_.empty() || text_ == "^.*$" || text_ == "^.*" || text_ == ".*$";
}

Result<Pattern> parse_id_pattern(std::string_view pattern) {
  auto regex = Regex::compile(pattern);
  if (!regex) return fail(ErrorCode::bad_request, "Invalid regex for entity idPattern", "idPattern");
  return *regex;
}

Result<Pattern> parse_type_pattern(std::string_view pattern) {
  auto regex = Regex::compile(pattern);
  if (!regex) return fail(ErrorCode::bad_request, "Invalid regex for entity typePattern", "typePattern");
  return *regex;
}

}  // namespace machi::broker::query
