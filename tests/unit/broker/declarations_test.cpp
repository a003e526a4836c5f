#include "broker/declarations.h"

#include <gtest/gtest.h>

#include <fstream>

#include "core/resource_routes.h"

namespace machi::broker {
namespace {

std::string committed_contract() {
  std::ifstream in(std::string(MACHI_SOURCE_DIR) + "/api/resources.yaml");
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

TEST(Declarations, DoNotContradictThemselves) {
  for (const core::ResourceDeclaration& declaration : declarations()) core::check_declaration(declaration);
}

TEST(Declarations, TheCommittedContractIsTheirs) {
  const std::string made = core::resources_openapi(core::ResourceCatalogue(declarations()));
  EXPECT_EQ(committed_contract(), made) << "make it anew: machi openapi resources > api/resources.yaml";
}

TEST(Declarations, EveryRouteIsInTheContractAndTheOtherWayRound) {
  const core::ResourceCatalogue catalogue(declarations());
  const PerLoop<core::StaffServices> nobody;
  const std::string contract = core::resources_openapi(catalogue);
  std::size_t routes = 0;
  for (const net::RouteGroup& group : {core::resource_routes(catalogue, nobody), core::audit_routes(nobody)}) {
    for (const net::Route& route : group.routes) {
      ++routes;
      EXPECT_TRUE(contract.contains("operationId: " + std::string(route.operation.id) + "\n")) << route.operation.id;
      EXPECT_TRUE(contract.contains("\n  " + std::string(route.path) + ":\n")) << route.path;
      EXPECT_TRUE(contract.contains("x-permission: " + std::string(route.permission.name) + "\n"));
    }
  }
  std::size_t operations = 0;
  for (std::size_t at = contract.find("operationId: "); at != std::string::npos;
       at = contract.find("operationId: ", at + 1)) {
    ++operations;
  }
  EXPECT_EQ(operations, routes);
}

TEST(Declarations, EveryLabelAndHelpIsThereInBothLanguages) {
  for (const core::ResourceDeclaration& d : declarations()) {
    for (const core::Words& words : {d.label, d.help}) EXPECT_FALSE(words.ja.empty() || words.en.empty()) << d.kind;
    for (const core::ResourceField& field : d.fields) {
      EXPECT_FALSE(field.label.ja.empty() || field.label.en.empty() || field.help.ja.empty() || field.help.en.empty())
          << d.kind << " " << field.name;
    }
  }
}

}  // namespace
}  // namespace machi::broker
