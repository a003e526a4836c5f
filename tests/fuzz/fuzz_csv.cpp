// The whole way of an imported file: encoding, separated values or JSON, header, repairs, entities. Holds that reading
// ends, that the size of the pieces changes nothing, and that every row is counted exactly once.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "ingest/csv_reader.h"
#include "ingest/file_import.h"
#include "ingest/text_encoding.h"

namespace {

using namespace machi::ingest;

void demand(bool holds) {
  if (!holds) std::abort();
}

std::vector<Record> records(std::string_view bytes, TextEncoding encoding, std::size_t piece) {
  MemorySource source(bytes);
  TextSource text(source, encoding, piece);
  CsvReader reader(text, ',', {.record_bytes = 4096, .fields = 100});
  std::vector<Record> out;
  Record record;
  while (reader.next(record).value()) out.push_back(record);
  return out;
}

void pieces_change_nothing(std::string_view bytes) {
  MemorySource source(bytes);
  const TextEncoding encoding = detect_encoding(source).value().encoding;
  const auto whole = records(bytes, encoding, 65536);
  for (const Record& record : whole) {
    if (record.fault != RecordFault::none) return;  // where reading gives up depends on how much it holds
  }
  const auto cut = records(bytes, encoding, 7);
  demand(cut.size() == whole.size());
  for (std::size_t i = 0; i < whole.size(); ++i)
    demand(cut[i].fields == whole[i].fields && cut[i].line == whole[i].line);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const DatasetCatalogue catalogue = DatasetCatalogue::load().value();
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (size > 65536) return 0;
  pieces_change_nothing(bytes);
  MemorySource source(bytes);
  NullSink sink;
  const auto report = import_bytes(source, {.path = "092134_fuzz.csv", .batch = 3}, catalogue, sink);
  if (report) demand(report->created + report->refused == report->rows);
  return 0;
}
