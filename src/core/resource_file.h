#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/resource_catalogue.h"
#include "core/resource_store.h"

// Resources as a file: to keep them under version control, to carry them to another Machi. JSON, a line a resource:
//   {"format":"machi-resources/1","resources":[
//   {"kind":"tenants","fields":{"name":"smartcity","unique_entity_ids":true}},
//   {"kind":"history-retentions","tenant":"smartcity","fields":{"type":"Room","keep_seconds":86400}}
//   ]}
namespace machi::core {

/// Everything that is declared, of all tenants. Secrets are masked; importing the mask keeps the secret that is there.
[[nodiscard]] Task<Result<std::string>> export_resources(const ResourceCatalogue* catalogue, ResourceStore* store);

/// One thing that a file has wrong.
struct ImportFault {
  std::size_t number = 0;  ///< of the resource in the file, from 1
  std::string resource;    ///< `tenants/smartcity`
  FieldFault fault;
};

struct ResourceImport {
  struct Counts {
    std::int64_t created = 0, changed = 0, unchanged = 0;
  };
  std::map<std::string, Counts, std::less<>> counts{};  ///< by the kind's path
  std::vector<ImportFault> faults{};                    ///< when there are any, nothing was written
};

/// Makes and changes what the file holds, kinds in declared order; what it does not hold stays as it is. Everything is
/// checked before anything is written, and importing the same file again changes nothing. Each resource is written with
/// its audit record in a transaction of its own. Errors: parse_error, bad_request (no such file format), and those of
/// the store.
[[nodiscard]] Task<Result<ResourceImport>> import_resources(const ResourceCatalogue* catalogue, ResourceStore* store,
                                                            std::string text, bool dry_run, Actor actor);

}  // namespace machi::core
