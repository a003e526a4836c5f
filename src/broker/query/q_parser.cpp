#include "broker/query/q_parser.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <array>
#include <iterator>

#include "broker/query/literal.h"

namespace machi::broker::query {
namespace {

constexpr std::size_t kMaxStatements = 200;
constexpr std::size_t kMaxListItems = 10'000;

Failure bad(std::string message) {
  return fail(ErrorCode::bad_request, std::move(message), "q");
}

struct Found {
  Operator op = Operator::exists;
  std::size_t at = 0;      ///< where the operator stands
  std::size_t length = 0;  ///< 0: there is none
};

// The first operator outside quotes: two characters before one, so that `>=` is not `>`.
Found find_operator(std::string_view item) {
  bool quoted = false;
  for (std::size_t i = 0; i < item.size(); ++i) {
    if (item[i] == '\'') quoted = !quoted;
    if (quoted) continue;
    if (i + 1 < item.size() && item[i + 1] == '=') {
      switch (item[i]) {
        case '=':
          return {Operator::equal, i, 2};
        case '~':
          return {Operator::matches, i, 2};
        case '!':
          return {Operator::unequal, i, 2};
        case '>':
          return {Operator::greater_or_equal, i, 2};
        case '<':
          return {Operator::less_or_equal, i, 2};
        default:
          break;
      }
    }
    if (item[i] == '<') return {Operator::less, i, 1};
    if (item[i] == '>') return {Operator::greater, i, 1};
    if (item[i] == ':') return {Operator::equal, i, 1};
  }
  return {};
}

// Quotes of a target stand around a token: at its ends, or beside a dot.
bool has_stray_quote(std::string_view target) {
  for (std::size_t i = 1; i < target.size(); ++i) {
    if (target[i] != '\'' || target[i - 1] == '.') continue;
    if (i + 1 < target.size() && target[i + 1] != '.') return true;
  }
  return false;
}

Target::Builtin attribute_builtin(std::string_view name) {
  if (name == "dateCreated") return Target::Builtin::date_created;
  if (name == "dateModified") return Target::Builtin::date_modified;
  if (name == "dateExpires") return Target::Builtin::date_expires;
  if (name == "servicePath") return Target::Builtin::service_path;
  return Target::Builtin::none;
}

Target::Builtin metadata_builtin(std::string_view name) {
  if (name == "dateCreated") return Target::Builtin::date_created;
  if (name == "dateModified") return Target::Builtin::date_modified;
  return Target::Builtin::none;
}

std::string_view name_of(const Literal& literal) {
  static constexpr std::array<std::string_view, 5> kNames{"Null", "Bool", "Number", "String", "Date"};
  return kNames[literal.index()];
}

std::string_view name_of(Operator op) {
  switch (op) {
    case Operator::greater:
      return "GreaterThan";
    case Operator::greater_or_equal:
      return "GreaterThanOrEqual";
    case Operator::less:
      return "LessThan";
    default:
      return "LessThanOrEqual";
  }
}

bool is_ordered(const Literal& literal) {
  return std::holds_alternative<double>(literal) || std::holds_alternative<std::string>(literal) ||
         std::holds_alternative<Timestamp>(literal);
}

class Parser {
 public:
  Parser(std::string_view parameter, ParseOptions options) : parameter_(parameter), options_(options) {}

  Result<Filter> run(std::string_view text) {
    if (text.empty() || text == ";") return bad("empty q");
    if (text.find('\0') != std::string_view::npos || !simdjson::validate_utf8(text)) return bad(invalid_character());
    auto items = split_unquoted(text, ';');
    if (items.back().empty()) items.pop_back();
    if (items.size() > kMaxStatements) return bad("too many statements");
    for (const auto item : items) {
      if (item.empty()) return bad("empty q-item");
    }
    Filter all;
    for (const auto item : items) {
      auto condition = statement(item);
      if (!condition) return fail(condition.error());
      all.parts.push_back(Filter::of(std::move(*condition)));
    }
    return all;
  }

 private:
  [[nodiscard]] bool is_metadata() const { return parameter_ == "mq"; }
  [[nodiscard]] std::string invalid_character() const {
    return fmt::format("invalid character found in URI param /{}/", parameter_);
  }

  Result<Condition> statement(std::string_view item) {
    item = trim(item);
    if (item.empty()) return bad("empty q-item (only whitespace)");
    if (item.front() == '!') return unary(Operator::absent, trim(item.substr(1)));
    const Found found = find_operator(item);
    if (found.length == 0) return unary(Operator::exists, item);

    const auto left = trim(item.substr(0, found.at));
    const auto right = trim(item.substr(found.at + found.length));
    if (left.empty()) return bad("empty left-hand-side in q-item");
    auto target = parse_target(left, false);
    if (!target) return fail(target.error());
    if (right.empty()) return bad("empty right-hand-side in q-item");
    Condition condition{.target = std::move(*target), .op = found.op};
    auto done = found.op == Operator::matches ? pattern(right, condition) : operand(right, condition);
    if (!done) return fail(done.error());
    return condition;
  }

  Result<Condition> unary(Operator op, std::string_view text) {
    auto target = parse_target(text, true);
    if (!target) return fail(target.error());
    if (text.empty()) return bad("empty right-hand-side in q-item");
    if (has_stray_quote(text)) return bad("forbidden characters in String Filter");
    return Condition{.target = std::move(*target), .op = op};
  }

  Result<Target> parse_target(std::string_view text, bool is_unary) {
    const bool forbidden = options_.orion_forbidden_characters ? has_forbidden_characters(text, "'")
                                                               : find_unquoted(text, "=") != std::string_view::npos;
    if (forbidden) return bad(invalid_character());
    if (text.empty()) return Target{};
    std::vector<std::string> tokens;
    for (const auto part : split_unquoted(text, '.')) {
      std::string token;
      for (const char c : part) {
        if (c != '\'') token += c;
      }
      if (token.empty()) return bad("empty token in attribute path");
      tokens.push_back(std::move(token));
    }
    return is_metadata() ? metadata_target(std::move(tokens), is_unary) : attribute_target(std::move(tokens));
  }

  static Target attribute_target(std::vector<std::string> tokens) {
    Target target{.attribute = std::move(tokens.front())};
    target.path.assign(std::make_move_iterator(tokens.begin() + 1), std::make_move_iterator(tokens.end()));
    if (target.path.empty()) target.builtin = attribute_builtin(target.attribute);
    return target;
  }

  static Result<Target> metadata_target(std::vector<std::string> tokens, bool is_unary) {
    if (tokens.size() < 2) {
      return bad(is_unary ? "no metadata in right-hand-side of q-item"
                          : "no metadata name - not valid for metadata filters");
    }
    Target target{.attribute = std::move(tokens[0]), .metadata = std::move(tokens[1])};
    target.path.assign(std::make_move_iterator(tokens.begin() + 2), std::make_move_iterator(tokens.end()));
    if (target.path.empty()) target.builtin = metadata_builtin(target.metadata);
    return target;
  }

  Result<> pattern(std::string_view text, Condition& condition) const {
    if (options_.orion_forbidden_characters && has_forbidden_characters(text, "")) {
      return bad("forbidden characters in String Filter");
    }
    auto source = text;
    if (source.size() >= 2 && source.front() == '\'' && source.back() == '\'') {
      source = source.substr(1, source.size() - 2);
    }
    auto regex = Regex::compile(source);
    if (!regex) return bad(fmt::format("error compiling filter regex: '{}'", text));
    condition.pattern = *regex;
    return {};
  }

  Result<> operand(std::string_view text, Condition& condition) const {
    if (const auto dots = find_unquoted(text, ".."); dots != std::string_view::npos) {
      return range(trim(text.substr(0, dots)), trim(text.substr(dots + 2)), condition);
    }
    if (find_unquoted(text, ",") != std::string_view::npos) return list(text, condition);
    auto literal = parse_literal(text, options_);
    if (!literal) return fail(literal.error());
    const bool any_kind = condition.op == Operator::equal || condition.op == Operator::unequal;
    if (!any_kind && !is_ordered(*literal)) {
      return bad(
          fmt::format("values of type /{}/ not supported for operator /{}/", name_of(*literal), name_of(condition.op)));
    }
    condition.values.push_back(std::move(*literal));
    return {};
  }

  Result<> range(std::string_view from, std::string_view to, Condition& condition) const {
    if (condition.op != Operator::equal && condition.op != Operator::unequal) {
      return bad("ranges only valid for equal and not equal ops");
    }
    if (from.empty() || to.empty()) return bad("empty item in range");
    auto low = parse_literal(from, options_);
    if (!low) return fail(low.error());
    if (!is_ordered(*low)) return bad("invalid data type for /range-from/");
    auto high = parse_literal(to, options_);
    if (!high) return fail(high.error());
    if (!is_ordered(*high)) return bad("invalid data type for /range-to/");
    if (low->index() != high->index()) return bad("invalid range: types mixed");
    condition.range = Range{std::move(*low), std::move(*high)};
    return {};
  }

  Result<> list(std::string_view text, Condition& condition) const {
    if (condition.op != Operator::equal && condition.op != Operator::unequal) {
      return bad("lists only valid for equal and not equal ops");
    }
    const auto items = split_unquoted(text, ',');
    if (items.size() > kMaxListItems) return bad("too many items in list");
    const auto kind_in_list = [](const Literal& l) {
      return std::holds_alternative<Null>(l) ? Literal(std::string()).index() : l.index();
    };
    for (const auto part : items) {
      const auto item = trim(part);
      if (item.empty()) return bad("empty item in list");
      auto literal = parse_literal(item, options_);
      if (!literal) return fail(literal.error());
      const bool is_first = condition.values.empty();
      if (std::holds_alternative<bool>(*literal) ||
          (!is_first && kind_in_list(*literal) != kind_in_list(condition.values.front()))) {
        return bad("invalid JSON value type in list");
      }
      condition.values.push_back(std::move(*literal));
    }
    return {};
  }

  std::string_view parameter_;
  ParseOptions options_;
};

}  // namespace

Result<Filter> parse_q(std::string_view text, ParseOptions options) {
  return Parser("q", options).run(text);
}

Result<Filter> parse_mq(std::string_view text, ParseOptions options) {
  return Parser("mq", options).run(text);
}

}  // namespace machi::broker::query
