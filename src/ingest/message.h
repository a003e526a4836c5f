#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace machi::ingest {

/// What an import has to say. One table (message.cpp) gives each its name, severity and sentences.
enum class MessageCode : std::uint8_t {
  // The value was changed, and why that is right is beyond doubt.
  blanks_trimmed,
  kana_widened,
  text_composed,
  long_vowel_restored,
  leading_zero_restored,
  check_digit_added,
  number_cleaned,
  date_from_serial,
  date_rewritten,
  time_from_fraction,
  time_rewritten,
  phone_rewritten,
  phone_remark_split,
  postal_code_rewritten,
  town_id_rewritten,
  weekdays_rewritten,
  choice_rewritten,
  coordinates_swapped,
  coordinates_from_degrees,
  address_in_city,
  // Taken as it is; somebody should look at it.
  choice_unlisted,
  poi_code_unlisted,
  partial_date,
  phone_kept,
  gaiji,
  columns_disagree,
  flag_unknown,
  row_padded,
  // The value was left out; the rest of the row was taken.
  number_broken,
  number_unreadable,
  date_unreadable,
  time_unreadable,
  flag_unreadable,
  corporate_number_invalid,
  town_id_invalid,
  postal_code_invalid,
  municipal_code_invalid,
  municipal_code_ambiguous,
  coordinates_unreadable,
  coordinates_outside,
  coordinates_incomplete,
  coordinates_placeholder,
  // The row was refused.
  row_unreadable,
  row_quote_open,
  row_too_long,
  row_wider_than_header,
  row_shorter_than_header,
  row_without_value,
  row_without_municipality,
  row_repeated,
  row_key_repeated,
  row_not_public,
  row_strict,
  row_not_stored,
  // About the file.
  column_unknown,
  column_unnamed,
  column_repeated,
  encoding_damaged,
  // Why there was no import, or no more of it.
  file_missing,
  file_forbidden,
  file_irregular,
  file_unreadable,
  dataset_unknown,
  header_unknown,
  header_unfit,
  municipality_invalid,
  rows_too_many,
  import_stopped,
  option_unknown,
  option_without_value,
  option_with_value,
  file_not_named,
  file_named_twice,
};

enum class Severity : std::uint8_t { changed, noted, left_out, refused, file, failed };

/// `changed`, `noted`, `left_out`, `refused`, `file`, `failed`.
[[nodiscard]] std::string_view name_of(Severity severity);

enum class Language : std::uint8_t { japanese, english };

struct MessageInfo {
  std::string_view name;  ///< stable, for machines
  Severity severity;
  std::string_view label;              ///< Japanese, for lists of counts
  std::string_view japanese, english;  ///< with {column}, {before}, {after}, {detail}
};
[[nodiscard]] const MessageInfo& message_info(MessageCode code);
/// All codes in the order of the enumeration.
[[nodiscard]] std::vector<MessageCode> all_message_codes();

/// One thing found in a row, or in the file's header.
struct Finding {
  MessageCode code{};
  std::string column{};  ///< heading of the file
  std::string before{};
  std::string after{};
  std::string detail{};
};

/// A few words for lists of counts.
[[nodiscard]] std::string label(MessageCode code, Language language);

/// The finding as a sentence.
[[nodiscard]] std::string sentence(const Finding& finding, Language language);

}  // namespace machi::ingest
