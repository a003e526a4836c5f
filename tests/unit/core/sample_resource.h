#pragma once
#include "core/resource_catalogue.h"

namespace machi::core {

/// A kind that uses everything that a declaration can say. Kept in machi.resource.
inline ResourceDeclaration sample_declaration() {
  return {.kind = "connector",
          .path = "connectors",
          .singular = "Connector",
          .plural = "Connectors",
          .label = {"コネクター", "Connector"},
          .help = {"試験用", "for tests"},
          .key = {"name"},
          .fields = {{.name = "name",
                      .label = {"名前", "Name"},
                      .help = {"名前", "its name"},
                      .required = true,
                      .shortest = 1,
                      .longest = 8},
                     {.name = "protocol", .immutable = true, .fallback = Json("http"), .one_of = {"http", "ftp"}},
                     {.name = "user"},
                     {.name = "password", .secret = true},
                     {.name = "least", .type = FieldType::integer, .least = 0, .most = 10},
                     {.name = "most", .type = FieldType::integer, .least = 0, .most = 10},
                     {.name = "passive", .type = FieldType::boolean},
                     {.name = "code", .pattern = "[a-z]{3}"},
                     {.name = "state", .read_only = true}},
          .rules = {{CrossRule::Kind::ordered, {"least", "most"}},
                    {CrossRule::Kind::exclusive, {"code", "passive"}},
                    {CrossRule::Kind::together, {"user", "password"}},
                    {CrossRule::Kind::required_if, {"protocol", "user"}, "ftp"}},
          .read = net::Permission("resources.connectors.read"),
          .write = net::Permission("resources.connectors.write")};
}

}  // namespace machi::core
