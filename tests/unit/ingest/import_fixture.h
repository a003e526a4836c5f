#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ingest/file_import.h"
#include "memory_sink.h"
#include "sample_builder.h"

namespace machi::ingest {

inline const DatasetCatalogue& catalogue() {
  static const DatasetCatalogue loaded = DatasetCatalogue::load().value();
  return loaded;
}

class KeepEntries final : public ReportSink {
 public:
  std::vector<ReportEntry> entries{};
  void add(const ReportEntry& entry) override { entries.push_back(entry); }
  [[nodiscard]] const ReportEntry* find(MessageCode code) const {
    const auto it = std::ranges::find_if(entries, [&](const ReportEntry& e) { return e.finding.code == code; });
    return it == entries.end() ? nullptr : &*it;
  }
};

class FileImport : public testing::Test {
 protected:
  MemorySink sink_;
  KeepEntries report_;
  ImportOptions options_{.path = "092134_sample.csv"};

  Result<ImportReport> import(std::string_view bytes) {
    MemorySource source(bytes);
    return import_bytes(source, options_, catalogue(), sink_, &report_);
  }
  /// The only entity of the store.
  const broker::Entity& only() {
    if (sink_.entities.size() != 1) throw std::logic_error("not one entity");
    return sink_.entities.begin()->second;
  }
  static std::string value(const broker::Entity& entity, std::string_view attribute) {
    const auto it = std::ranges::find(entity.attributes, attribute, &broker::Attribute::name);
    return it == entity.attributes.end() ? "(none)" : it->type + " " + it->value;
  }
  static SampleBuilder facilities() { return {catalogue(), "public_facility", "2"}; }
  static SampleBuilder::Row hall() {
    return {{"全国地方公共団体コード", "92134"},
            {"ID", "FC-0001"},
            {"地方公共団体名", "栃木県那須塩原市"},
            {"名称", "かりん会館"},
            {"名称_カナ", "ｶﾘﾝｶｲｶﾝ"},
            {"所在地_連結表記", "栃木県那須塩原市かりん町1-2"},
            {"緯度", "139.9800"},
            {"経度", "36.9600"},
            {"電話番号", "市民課 (0287)00-0001"},
            {"利用可能曜日", "月～金"},
            {"開始時間", "0.375"},
            {"車椅子可", "○"},
            {"説明", "二階建て。\r\n「大ホール」あり,駐車場20台"},
            {"高度の値", "2 "},
            {"備考", ""}};
  }
};

}  // namespace machi::ingest
