#pragma once
#include <string>

#include "base/json_writer.h"
#include "core/resource_catalogue.h"
#include "core/resource_store.h"
#include "net/http.h"

// Resources on the wire.
namespace machi::core {

/// Id, fields (secrets masked), state, revision, times, and who changed it last. A resource that is not stored yet (a
/// dry run) has no revision and times.
void append_resource(JsonWriter& json, const ResourceDeclaration& declaration, const Resource& resource);

/// What a form needs: names in both languages, help, types, limits.
void append_declaration(JsonWriter& json, const ResourceDeclaration& declaration);

/// RFC 9457 problem details; every fault of a field is a member of `errors`.
[[nodiscard]] net::Response resource_problem(const ResourceError& error, const net::Request& request);

}  // namespace machi::core
