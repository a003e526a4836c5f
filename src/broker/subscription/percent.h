#pragma once
#include <string>
#include <string_view>

namespace machi::broker {

/// Undoes percent-encoding (RFC 3986 §2.1); a `%` without two hexadecimal digits stays.
[[nodiscard]] std::string percent_decode(std::string_view text);

/// Encodes what may not stand in a URL (RFC 3986 §2): controls, blanks, `"<>\^{|}` and the grave accent, bytes beyond
/// ASCII. What is encoded already stays.
[[nodiscard]] std::string encode_url(std::string_view url);
/// The same for a name or value of a query, where `&` and `#` would end it.
[[nodiscard]] std::string encode_query_part(std::string_view text);

}  // namespace machi::broker
