// JEXL: any text as an expression over a small context; the result must be JSON that reads back as itself.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "broker/expression/expression.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace machi;
  static const Json kContext = *Json::parse(
      R"({"A":1,"B":-2.5,"S":"X1:X2 東京 10 m/s","n":null,"t":true,"a":[{"b":1},{"b":34},{"b":"x"}],"v":[3,1,2],
          "o":{"x":1,"y":{"z":[1,2]}},"d":"2024-07-10T10:22:29+00:00","metadata":{"A":{"previousValue":0}}})");
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Json value = broker::evaluate_expression(text, broker::JsonScope(kContext), Timestamp{1722504662500000});
  const std::string dumped = value.dump();
  if (const auto back = Json::parse(dumped); back && !(*back == value)) std::abort();
  return 0;
}
