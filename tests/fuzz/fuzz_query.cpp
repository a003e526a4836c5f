#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "broker/query/geo_parser.h"
#include "broker/query/matcher.h"
#include "broker/query/order.h"
#include "broker/query/q_parser.h"

// The first byte chooses the parser; what is accepted is evaluated as well.
namespace {

using namespace machi;
using namespace machi::broker;
using namespace machi::broker::query;

Entity sample() {
  Entity e{.id = "urn:ngsi:Station:1", .type = "Station"};
  e.attributes = {{.name = "a", .type = "Number", .value = "20", .metadata = {{"m", "Text", R"("x")"}}},
                  {.name = "b", .type = "Text", .value = R"("brown")"},
                  {.name = "c", .type = "StructuredValue", .value = R"({"d":[1,{"e":null}],"f":"x"})"},
                  {.name = "t", .type = "DateTime", .value = R"("2016-02-24T10:00:00Z")"},
                  {.name = "location", .type = "geo:json", .value = R"({"type":"Point","coordinates":[139.9,36.9]})"}};
  return e;
}

void evaluate(const Result<Filter>& filter) {
  if (!filter) return;
  (void)holds(*filter, sample());
}

void fuzz_geo(std::string_view text) {
  GeoParameters parameters;
  std::string_view* fields[] = {&parameters.georel, &parameters.geometry, &parameters.coords};
  for (auto* field : fields) {
    const auto end = text.find('&');
    *field = text.substr(0, end);
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  auto geo = parse_geo_uri(parameters);
  if (!geo || !*geo) return;
  const auto matcher = Matcher::create(Query{.geo = *geo});
  if (!matcher) std::abort();  // an accepted condition can be evaluated
  (void)matcher->matches(sample());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 'q':
      evaluate(parse_q(text));
      break;
    case 'Q':
      evaluate(parse_q(text, {.orion_forbidden_characters = true}));
      break;
    case 'm':
      evaluate(parse_mq(text));
      break;
    case 'g':
      fuzz_geo(text);
      break;
    case 'o':
      if (const auto order = parse_order_by(text)) (void)compare(sample(), sample(), *order);
      break;
    default:
      if (const auto regex = Regex::compile(text)) (void)(*regex)->found_in("urn:ngsi:Station:1");
  }
  return 0;
}
