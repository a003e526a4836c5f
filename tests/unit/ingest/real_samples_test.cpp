// Files as municipalities publish them. They are not part of the repository, because some do not state a licence: the
// test runs when MACHI_SAMPLES names their folder. Rows may be refused, but never without a reason.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "ingest/file_import.h"
#include "memory_sink.h"

namespace machi::ingest {
namespace {

struct Sample {
  const char* path;
  const char* dataset;
  const char* layout;
  const char* municipality;  ///< given to the import; empty where the file names its own
  std::uint64_t rows, created, refused;
};

class KeepRefusals final : public ReportSink {
 public:
  std::vector<ReportEntry> refusals{};
  void add(const ReportEntry& entry) override {
    if (message_info(entry.finding.code).severity == Severity::refused) refusals.push_back(entry);
  }
};

class RealSamples : public testing::TestWithParam<Sample> {
 protected:
  static std::filesystem::path file() {
    const char* folder = std::getenv("MACHI_SAMPLES");
    return folder == nullptr ? std::filesystem::path() : std::filesystem::path(folder) / GetParam().path;
  }
};

TEST_P(RealSamples, EveryRowIsTakenOrRefusedWithItsReason) {
  if (file().empty()) GTEST_SKIP() << "MACHI_SAMPLES names no folder";
  const Sample& sample = GetParam();
  const auto catalogue = DatasetCatalogue::load().value();
  ImportOptions options{.path = file().string()};
  options.municipality = sample.municipality;
  MemorySink sink;
  KeepRefusals report;
  const auto first = import_file(options, catalogue, sink, &report);
  ASSERT_TRUE(first) << first.error().message;
  std::printf("%s", first->summary(Language::japanese).c_str());
  for (const ReportEntry& e : report.refusals) {
    std::printf("  %d 行目（%d 行）: %s\n", static_cast<int>(e.row), static_cast<int>(e.line),
                sentence(e.finding, Language::japanese).c_str());
  }
  EXPECT_EQ(first->dataset, sample.dataset);
  EXPECT_EQ(first->layout, sample.layout);
  EXPECT_EQ(first->rows, sample.rows);
  EXPECT_EQ(first->created, sample.created);
  EXPECT_EQ(first->refused, sample.refused);
  EXPECT_EQ(report.refusals.size(), first->refused);
  EXPECT_EQ(sink.entities.size(), first->created);

  const std::size_t written = sink.changes.size();
  const auto again = import_file(options, catalogue, sink);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->unchanged, first->created);
  EXPECT_EQ(sink.changes.size(), written) << "the same file twice must change nothing";
}

INSTANTIATE_TEST_SUITE_P(
    Files, RealSamples,
    testing::Values(Sample{"ichikawa_cp932/122033_101_public_facility.csv", "public_facility", "2", "", 342, 341, 1},
                    Sample{"ichikawa_cp932/122033_102_cultural_property.csv", "cultural_property", "2", "", 76, 76, 0},
                    Sample{"ichikawa_cp932/122033_103_evacuation_space.csv", "evacuation_space", "2", "", 121, 121, 0},
                    Sample{"ichikawa_cp932/122033_104_population.csv", "population", "2", "", 237, 237, 0},
                    Sample{"ichikawa_cp932/122033_106_open_data_list.csv", "open_data_list", "2", "", 36, 36, 0},
                    Sample{"ichikawa_cp932/122033_107_public_wireless_lan.csv", "public_wireless_lan", "2", "", 45, 45,
                           0},
                    Sample{"ichikawa_cp932/122033_108_aed.csv", "aed", "2", "", 191, 191, 0},
                    Sample{"ichikawa_cp932/122033_201_multipurpose_toilet.csv", "public_toilet", "2", "", 49, 49, 0},
                    Sample{"ichikawa_cp932/122033_205_polling_place.csv", "polling_place", "2", "", 78, 78, 0},
                    Sample{"matsuyama_utf8bom/382019_evacuation_space.csv", "evacuation_space", "2", "", 390, 390, 0},
                    Sample{"chino_old_utf8bom/202142_public_park.csv", "public_facility", "1", "", 36, 36, 0},
                    Sample{"ogimi_old_utf8bom/473022_evacuation_space.csv", "evacuation_space", "1", "", 19, 19, 0},
                    Sample{"takamatsu_utf8bom/0001_environmental_facilities.csv", "public_facility",
                           "takamatsu-linkdata", "372013", 4, 4, 0},
                    Sample{"takamatsu_utf8bom/public_toilet_data.csv", "public_toilet", "takamatsu", "", 169, 169, 0},
                    Sample{"wakayama_utf8bom/koyacho_refuge.csv", "evacuation_space", "wakayama", "", 33, 32, 1},
                    Sample{"nasushiobara/geolonia_towns.json", "towns", "geolonia", "092134", 198, 198, 0}),
    [](const testing::TestParamInfo<Sample>& info) {
      std::string name = std::filesystem::path(info.param.path).stem().string();
      std::ranges::replace_if(name, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
      return name;
    });

}  // namespace
}  // namespace machi::ingest
