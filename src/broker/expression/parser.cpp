#include <algorithm>
#include <array>

#include "broker/expression/expression.h"
#include "broker/expression/lexer.h"
#include "broker/expression/syntax.h"

// Recursive descent with one token of look-ahead; binary operators by precedence climbing.
namespace machi::broker::jexl {
namespace {

struct BinaryOperator {
  std::string_view text;
  Operator op;
  int level;  ///< binds tighter the higher
};

constexpr int kComparisonLevel = 20;
constexpr std::array kBinaryOperators = {
    BinaryOperator{"&&", Operator::logical_and, 10}, BinaryOperator{"||", Operator::logical_or, 10},
    BinaryOperator{"==", Operator::equal, 20},       BinaryOperator{"!=", Operator::not_equal, 20},
    BinaryOperator{"<", Operator::less, 20},         BinaryOperator{"<=", Operator::less_equal, 20},
    BinaryOperator{">", Operator::greater, 20},      BinaryOperator{">=", Operator::greater_equal, 20},
    BinaryOperator{"in", Operator::in, 20},          BinaryOperator{"+", Operator::add, 30},
    BinaryOperator{"-", Operator::subtract, 30},     BinaryOperator{"*", Operator::multiply, 40},
    BinaryOperator{"/", Operator::divide, 40},       BinaryOperator{"//", Operator::floor_divide, 40},
    BinaryOperator{"%", Operator::modulus, 50},      BinaryOperator{"^", Operator::power, 50},
};

const BinaryOperator* binary_operator(const Token& token) {
  const bool named = token.kind == Token::Kind::identifier && token.text == "in";
  if (token.kind != Token::Kind::symbol && !named) return nullptr;
  const auto* const it = std::ranges::find(kBinaryOperators, token.text, &BinaryOperator::text);
  return it == kBinaryOperators.end() ? nullptr : it;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : lexer_(text), token_(lexer_.next()) {}

  Result<Node> parse() {
    auto node = expression();
    if (failed_ || token_.kind != Token::Kind::end) {
      return fail(ErrorCode::bad_request, "the text is not a JEXL expression");
    }
    return node;
  }

 private:
  // After a failure every function returns at once with an empty node.
  Node give_up() {
    failed_ = true;
    token_ = {.kind = Token::Kind::error};
    return {};
  }

  void advance() { token_ = lexer_.next(); }

  bool accept(std::string_view symbol) {
    if (!token_.is(symbol)) return false;
    advance();
    return true;
  }

  void expect(std::string_view symbol) {
    if (!accept(symbol)) give_up();
  }

  Node make(Node::Kind kind, std::vector<Node> children) {
    Node node{.kind = kind, .children = std::move(children)};
    for (const Node& child : node.children) node.depth = std::max(node.depth, child.depth + 1);
    return node.depth > Expression::kMaxDepth ? give_up() : std::move(node);
  }

  static std::vector<Node> list(Node first) {
    std::vector<Node> out;
    out.push_back(std::move(first));
    return out;
  }
  static std::vector<Node> list(Node first, Node second) {
    auto out = list(std::move(first));
    out.push_back(std::move(second));
    return out;
  }

  Node expression() {
    if (++nesting_ > Expression::kMaxNesting) return give_up();
    Node node = binary(0);
    if (accept("?")) {
      auto children = list(std::move(node), expression());
      expect(":");
      children.push_back(expression());
      node = make(Node::Kind::conditional, std::move(children));
    }
    --nesting_;
    return node;
  }

  Node binary(int level) {
    Node left = transformed();
    for (const auto* found = binary_operator(token_); found != nullptr && found->level > level;
         found = binary_operator(token_)) {
      const Operator op = found->op;
      advance();
      Node right = binary(found->level);
      left = make(Node::Kind::binary, list(std::move(left), std::move(right)));
      left.op = op;
    }
    return left;
  }

  Node transformed() {
    Node node = postfix();
    while (accept("|")) {
      if (token_.kind != Token::Kind::identifier) return give_up();
      std::string name(token_.text);
      advance();
      auto children = list(std::move(node));
      if (accept("(")) items(")", children);
      node = make(Node::Kind::transform, std::move(children));
      node.function = find_transform(name);
      node.name = std::move(name);
    }
    return node;
  }

  Node postfix() {
    Node node = primary();
    for (;;) {
      if (accept(".")) {
        if (token_.kind != Token::Kind::identifier) return give_up();
        std::string name(token_.text);
        advance();
        node = make(Node::Kind::member, list(std::move(node)));
        node.name = std::move(name);
      } else if (accept("[")) {
        node = token_.is(".") ? filter(std::move(node)) : index(std::move(node));
      } else {
        return node;
      }
    }
  }

  Node index(Node subject) {
    Node at = expression();
    expect("]");
    return make(Node::Kind::index, list(std::move(subject), std::move(at)));
  }

  Node filter(Node subject) {
    advance();
    if (token_.kind != Token::Kind::identifier) return give_up();
    std::string name(token_.text);
    advance();
    const auto* const found = binary_operator(token_);
    if (found == nullptr || found->level != kComparisonLevel) return give_up();
    advance();
    if (++nesting_ > Expression::kMaxNesting) return give_up();
    Node right = binary(kComparisonLevel);
    --nesting_;
    expect("]");
    Node node = make(Node::Kind::filter, list(std::move(subject), std::move(right)));
    node.name = std::move(name);
    node.op = found->op;
    return node;
  }

  /// Expressions up to `close`, with commas between them and perhaps one after the last.
  void items(std::string_view close, std::vector<Node>& out) {
    while (!failed_ && !accept(close)) {
      out.push_back(expression());
      if (!token_.is(close)) expect(",");
    }
  }

  Node object() {
    std::vector<Node> values;
    std::vector<std::string> keys;
    while (!failed_ && !accept("}")) {
      if (token_.kind == Token::Kind::string) {
        keys.push_back(token_.string);
      } else if (token_.kind == Token::Kind::identifier) {
        keys.emplace_back(token_.text);
      } else {
        return give_up();
      }
      advance();
      expect(":");
      values.push_back(expression());
      if (!token_.is("}")) expect(",");
    }
    Node node = make(Node::Kind::object, std::move(values));
    node.keys = std::move(keys);
    return node;
  }

  Node literal(Json value) {
    advance();
    return {.kind = Node::Kind::literal, .value = std::move(value)};
  }

  Node primary() {
    if (token_.kind == Token::Kind::number) return literal(token_.number);
    if (token_.kind == Token::Kind::string) return literal(token_.string);
    if (token_.kind == Token::Kind::identifier) return word();
    if (accept("[")) {
      std::vector<Node> children;
      items("]", children);
      return make(Node::Kind::array, std::move(children));
    }
    if (accept("{")) return object();
    if (!accept("(")) return give_up();
    Node inner = expression();
    expect(")");
    return inner;
  }

  Node word() {
    if (token_.text == "true") return literal(true);
    if (token_.text == "false") return literal(false);
    if (token_.text == "null") return literal({});
    if (token_.text == "in") return give_up();
    Node node{.kind = Node::Kind::identifier, .name = std::string(token_.text)};
    advance();
    return node;
  }

  Lexer lexer_;
  Token token_;
  int nesting_ = 0;
  bool failed_ = false;
};

}  // namespace

Result<Node> parse(std::string_view text) {
  if (text.size() > Expression::kMaxLength) return fail(ErrorCode::bad_request, "the expression is too long");
  return Parser(text).parse();
}

}  // namespace machi::broker::jexl
