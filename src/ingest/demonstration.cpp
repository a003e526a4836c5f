#include "ingest/demonstration.h"

#include <algorithm>

#include "base/json.h"
#include "ingest/embedded_config.h"

namespace machi::ingest {
namespace {

constexpr std::string_view kManifest = "demo/manifest.json";

const EmbeddedFile* find_file(std::string_view path) {
  const auto files = embedded_files();
  const auto it = std::ranges::find(files, path, &EmbeddedFile::path);
  return it == files.end() ? nullptr : &*it;
}

std::string text_of(const Json& object, std::string_view member) {
  const Json* value = object.find(member);
  return value != nullptr && value->is_string() ? value->as_string() : std::string();
}

}  // namespace

Result<std::vector<DemonstrationFile>> demonstration_files() {
  const EmbeddedFile* manifest = find_file(kManifest);
  if (manifest == nullptr) return fail(ErrorCode::not_found, "the demonstration data is not built in");
  const auto entries = Json::parse(manifest->content);
  if (!entries) return fail(entries.error());
  std::vector<DemonstrationFile> out;
  for (const Json& entry : entries->as_array()) {
    const std::string name = text_of(entry, "file");
    const EmbeddedFile* file = find_file("demo/" + name);
    if (file == nullptr) return fail(ErrorCode::not_found, "the demonstration file is not built in", name);
    ImportOptions options{.path = name,
                          .dataset = text_of(entry, "dataset"),
                          .service_path = text_of(entry, "service_path"),
                          .municipality = text_of(entry, "municipality"),
                          .source = text_of(entry, "source"),
                          .license = text_of(entry, "license"),
                          .data_provider = text_of(entry, "data_provider")};
    if (const Json* attributes = entry.find("attributes"); attributes != nullptr && attributes->is_object()) {
      for (const auto& [attribute, value] : attributes->as_object()) {
        options.extra.emplace_back(attribute, value.as_string());
      }
    }
    out.push_back({std::move(options), file->content});
  }
  return out;
}

Result<std::vector<ImportReport>> load_demonstration(broker::TenantId tenant, const DatasetCatalogue& catalogue,
                                                     EntitySink& sink) {
  auto files = demonstration_files();
  if (!files) return fail(files.error());
  std::vector<ImportReport> reports;
  for (DemonstrationFile& file : *files) {
    file.options.tenant = tenant;
    MemorySource bytes(file.content);
    auto report = import_bytes(bytes, file.options, catalogue, sink);
    if (!report) return fail(report.error());
    reports.push_back(*std::move(report));
  }
  return reports;
}

}  // namespace machi::ingest
