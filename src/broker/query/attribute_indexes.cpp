#include <openssl/evp.h>

#include <array>

#include "broker/query/sql_builder.h"

namespace machi::broker::query {
namespace {

constexpr std::array<std::string_view, 3> kSuffixes{"ordinal", "text", "array"};

// A name that holds none of the input: 16 hexadecimal digits of its SHA-256.
std::string index_name(std::string_view attribute, std::string_view suffix) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  EVP_Digest(attribute.data(), attribute.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  return fmt::format("entity_q_{:02x}_{}", fmt::join(digest.begin(), digest.begin() + 8, ""), suffix);
}

std::string quoted_literal(std::string_view text) {
  std::string out = "E'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += c;
    out += c;
  }
  return out + "'";
}

}  // namespace

std::vector<AttributeIndex> attribute_indexes(std::string_view attribute, bool concurrently, std::string_view schema) {
  const auto cell = fmt::format("(search -> {})", quoted_literal(attribute));
  const std::array<std::string, 3> expressions{fmt::format("machi.ordinal({})", cell),
                                               fmt::format("machi.text_key({})", cell),
                                               fmt::format("({} -> 'a')", cell)};
  const std::array<std::string, 3> columns{fmt::format("tenant, ({})", expressions[0]),
                                           fmt::format("tenant, ({}) collate \"C\"", expressions[1]), "tenant"};
  const std::string_view how = concurrently ? "concurrently " : "";
  std::vector<AttributeIndex> indexes;
  for (std::size_t i = 0; i < kSuffixes.size(); ++i) {
    AttributeIndex index{kSuffixes[i], index_name(attribute, kSuffixes[i]), {}, {}};
    index.create.push_back(fmt::format("create index {}if not exists {} on {}.entity ({}) where {} is not null", how,
                                       index.name, schema, columns[i], expressions[i]));
    index.create.push_back(fmt::format("create statistics if not exists {0}.{1}_statistics on ({2}) from {0}.entity",
                                       schema, index.name, expressions[i]));
    index.drop.push_back(fmt::format("drop index {}if exists {}.{}", how, schema, index.name));
    index.drop.push_back(fmt::format("drop statistics if exists {}.{}_statistics", schema, index.name));
    indexes.push_back(std::move(index));
  }
  return indexes;
}

std::vector<std::string> create_index_statements(std::string_view attribute, bool concurrently,
                                                 std::string_view schema) {
  std::vector<std::string> statements;
  for (const AttributeIndex& index : attribute_indexes(attribute, concurrently, schema)) {
    statements.insert(statements.end(), index.create.begin(), index.create.end());
  }
  statements.push_back(fmt::format("analyze {}.entity", schema));
  return statements;
}

std::vector<std::string> drop_index_statements(std::string_view attribute, bool concurrently, std::string_view schema) {
  std::vector<std::string> statements;
  for (const AttributeIndex& index : attribute_indexes(attribute, concurrently, schema)) {
    statements.insert(statements.end(), index.drop.begin(), index.drop.end());
  }
  return statements;
}

}  // namespace machi::broker::query
