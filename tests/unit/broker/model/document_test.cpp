#include <gtest/gtest.h>

#include <random>

#include "base/json.h"
#include "base/json_writer.h"
#include "broker/model/attribute_types.h"
#include "broker/model/document.h"
#include "broker/model/entity.h"

namespace machi::broker {
namespace {

using Random = std::mt19937_64;

std::size_t below(Random& random, std::size_t limit) {
  return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
}

std::string random_text(Random& random) {
  static constexpr std::string_view kPieces[] = {"a",  "B7", "温度",     "\"",  "\\", "\n",   "\x01",
                                                 "{}", "[",  "],\"x\":", "\\u", "é",  "\\\\", "/"};
  std::string out;
  for (std::size_t n = below(random, 6); n > 0; --n) out += kPieces[below(random, std::size(kPieces))];
  return out;
}

Json random_json(Random& random, int depth) {
  switch (below(random, depth > 0 ? 7 : 5)) {
    case 0:
      return {};
    case 1:
      return Json(below(random, 2) == 0);
    case 2:
      return Json(static_cast<std::int64_t>(random()));
    case 3:
      return Json(std::uniform_real_distribution<double>(-1e6, 1e6)(random));
    case 4:
      return Json(random_text(random));
    case 5: {
      Json::Array out;
      for (std::size_t n = below(random, 4); n > 0; --n) out.push_back(random_json(random, depth - 1));
      return Json(std::move(out));
    }
    default: {
      Json out(Json::Object{});
      for (std::size_t n = below(random, 4); n > 0; --n) out.set(random_text(random), random_json(random, depth - 1));
      return out;
    }
  }
}

Attribute random_attribute(Random& random, std::string name) {
  static constexpr std::string_view kTypes[] = {"Number", "geo:json", "Relationship", "T\"x"};
  Attribute a{.name = std::move(name), .type = std::string(kTypes[below(random, std::size(kTypes))])};
  a.value = random_json(random, 3).dump();
  for (std::size_t n = below(random, 3); n > 0; --n) {
    a.metadata.push_back({std::to_string(n) + random_text(random), random_text(random), random_json(random, 2).dump()});
  }
  a.created = {static_cast<std::int64_t>(below(random, 2'000'000'000'000'000))};
  a.modified = {-static_cast<std::int64_t>(below(random, 1'000'000))};
  a.kind = below(random, 2) == 0 ? kind_of_type(a.type) : AttributeKind::list;
  if (below(random, 2) == 0) a.observed = Timestamp{static_cast<std::int64_t>(below(random, 1000))};
  return a;
}

std::vector<Attribute> random_attributes(Random& random) {
  std::vector<Attribute> out;
  for (std::size_t n = below(random, 8); n > 0; --n) {
    out.push_back(random_attribute(random, std::to_string(n) + random_text(random)));
    if (below(random, 4) != 0) continue;
    for (std::size_t k = 1 + below(random, 2); k > 0; --k) {
      out.push_back(random_attribute(random, out.back().name));
      out.back().dataset = "urn:d:" + std::to_string(k) + random_text(random);
    }
  }
  return out;
}

TEST(Document, WhatIsWrittenReadsBackTheSame) {
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const auto attributes = random_attributes(random);
    const std::string document = to_document(attributes);
    ASSERT_TRUE(Json::parse(document)) << document;
    const auto back = from_document(document);
    ASSERT_TRUE(back) << document;
    ASSERT_EQ(*back, attributes) << document;
  }
}

TEST(Document, CutAnywhereIsRefusedAndNeverReadBeyond) {
  Random random(7);
  for (int i = 0; i < 50; ++i) {
    const std::string document = to_document(random_attributes(random));
    for (std::size_t size = 0; size < document.size(); ++size) {
      const std::string cut(document, 0, size);  // own memory, so that the sanitizer sees its end
      ASSERT_FALSE(from_document(cut)) << cut;
    }
  }
}

TEST(Document, IsTheDocumentedForm) {
  Attribute a{.name = "temperature", .type = "Number", .value = "23.5", .created = {1}, .modified = {2}};
  a.metadata.push_back({"accuracy", "Number", "1"});
  EXPECT_EQ(to_document({a}), R"({"temperature":{"type":"Number","value":23.5,"created":1,"modified":2,)"
                              R"("metadata":{"accuracy":{"type":"Number","value":1}}}})");
  EXPECT_EQ(to_document({}), "{}");
}

TEST(Document, DefaultsAreLeftOut) {
  Attribute a{.name = "location", .type = "geo:json", .value = "null", .kind = AttributeKind::geometry};
  EXPECT_EQ(to_document({a}).find("kind"), std::string::npos);
  a.kind = AttributeKind::property;
  EXPECT_NE(to_document({a}).find(R"("kind":"property")"), std::string::npos);
}

}  // namespace
}  // namespace machi::broker
