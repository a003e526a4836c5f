#include "app/resources.h"

#include <fmt/format.h>

#include <fstream>
#include <iostream>
#include <iterator>

#include "app/database_access.h"
#include "app/loop_threads.h"
#include "base/ids.h"
#include "broker/declarations.h"
#include "core/principal.h"
#include "core/resource_file.h"

namespace machi::app {
namespace {

int report(const Error& error) {
  std::cerr << "machi: " << error.message << '\n';
  return 1;
}

Task<Result<std::string>> export_and_close(const core::ResourceCatalogue* catalogue, db::Database* database) {
  core::ResourceStore store(*database);
  auto text = co_await core::export_resources(catalogue, &store);
  co_await database->close();
  co_return text;
}

Task<Result<core::ResourceImport>> import_and_close(const core::ResourceCatalogue* catalogue, db::Database* database,
                                                    std::string text, bool dry_run) {
  core::ResourceStore store(*database);
  core::Actor actor{core::Principal::local_operator().subject, random_uuid()};
  auto outcome = co_await core::import_resources(catalogue, &store, std::move(text), dry_run, std::move(actor));
  co_await database->close();
  co_return outcome;
}

/// A loop with a thread of its own, and the database on it.
struct Session {
  explicit Session(const std::string& url) : threads(0), database(threads.at(0), {.url = url}) { threads.start(); }
  LoopThreads threads;
  db::Database database;
};

std::string read_file(const std::string& file, bool& failed) {
  if (file == "-") return {std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
  std::ifstream in(file, std::ios::binary);
  failed = !in;
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

int tell(const core::ResourceImport& outcome, bool dry_run) {
  for (const core::ImportFault& f : outcome.faults) {
    std::cerr << fmt::format("{}: {}: {}: {}\n", f.number, f.resource, f.fault.field, f.fault.detail);
  }
  if (!outcome.faults.empty()) {
    std::cerr << "machi: nothing was imported\n";
    return 1;
  }
  for (const auto& [path, counts] : outcome.counts) {
    std::cout << fmt::format("{}: {} {}, {} changed, {} unchanged\n", path, counts.created,
                             dry_run ? "to be created" : "created", counts.changed, counts.unchanged);
  }
  return 0;
}

}  // namespace

int run_resources_export(const Configuration& configuration, const std::filesystem::path& data,
                         const std::string& file) {
  auto access = DatabaseAccess::open(configuration, data);
  if (!access) return report(access.error());
  const core::ResourceCatalogue catalogue(broker::declarations());
  Session session(access->url());
  const auto text = session.threads.wait_for(0, export_and_close(&catalogue, &session.database));
  if (!text) return report(text.error());
  if (file == "-") {
    std::cout << *text;
    return 0;
  }
  std::ofstream out(file, std::ios::binary);
  out << *text;
  out.close();
  return out ? 0 : report({ErrorCode::internal, "cannot write " + file});
}

int run_resources_import(const Configuration& configuration, const std::filesystem::path& data, const std::string& file,
                         bool dry_run) {
  bool failed = false;
  std::string text = read_file(file, failed);
  if (failed) return report({ErrorCode::not_found, "cannot read " + file});
  auto access = DatabaseAccess::open(configuration, data);
  if (!access) return report(access.error());
  const core::ResourceCatalogue catalogue(broker::declarations());
  Session session(access->url());
  const auto outcome =
      session.threads.wait_for(0, import_and_close(&catalogue, &session.database, std::move(text), dry_run));
  if (!outcome) return report(outcome.error());
  return tell(*outcome, dry_run);
}

std::string resources_openapi() {
  return core::resources_openapi(core::ResourceCatalogue(broker::declarations()));
}

}  // namespace machi::app
