#include "broker/ngsiv2/routes.h"

#include "broker/ngsiv2/errors.h"
#include "broker/ngsiv2/handlers.h"
#include "broker/ngsiv2/registration_handlers.h"
#include "broker/ngsiv2/subscription_handlers.h"

namespace machi::broker::ngsiv2 {
namespace {

using enum net::Method;
using net::DataClass;
using net::LimitClass;

/// A row of the table below.
struct Line {
  net::Method method;
  std::string_view path;
  std::string_view operation;
  std::string_view permission;
  DataClass data_class;
  LimitClass limit_class;
  Operation operate;
};

constexpr std::string_view kRead = "broker.entities.read";
constexpr std::string_view kWrite = "broker.entities.write";
constexpr std::string_view kReadSubscriptions = "broker.subscriptions.read";
constexpr std::string_view kWriteSubscriptions = "broker.subscriptions.write";
constexpr std::string_view kReadRegistrations = "broker.registrations.read";
constexpr std::string_view kWriteRegistrations = "broker.registrations.write";
constexpr std::string_view kInformation = "broker.information.read";
constexpr std::string_view kReadUsage = "operations.read";
constexpr std::string_view kResetUsage = "operations.usage.write";
constexpr std::string_view kWriteLog = "operations.log.write";

constexpr std::string_view kSubscriptions = "/v2/subscriptions";
constexpr std::string_view kSubscription = "/v2/subscriptions/{subscriptionId}";
constexpr std::string_view kRegistrations = "/v2/registrations";
constexpr std::string_view kRegistration = "/v2/registrations/{registrationId}";
constexpr std::string_view kEntities = "/v2/entities";
constexpr std::string_view kEntity = "/v2/entities/{entityId}";
constexpr std::string_view kAttributes = "/v2/entities/{entityId}/attrs";
constexpr std::string_view kAttribute = "/v2/entities/{entityId}/attrs/{attrName}";
constexpr std::string_view kValue = "/v2/entities/{entityId}/attrs/{attrName}/value";

// Allow lists the methods of a resource in this order, which is the one that clients know.
constexpr Line kLines[] = {
    {post, kEntities, "createEntity", kWrite, DataClass::internal, LimitClass::write, create_entity},
    {get, kEntities, "listEntities", kRead, DataClass::internal, LimitClass::query, list_entities},
    {get, kEntity, "retrieveEntity", kRead, DataClass::internal, LimitClass::read, retrieve_entity},
    {delete_, kEntity, "removeEntity", kWrite, DataClass::internal, LimitClass::write, remove_entity},
    {get, kAttributes, "retrieveEntityAttributes", kRead, DataClass::internal, LimitClass::read, retrieve_attributes},
    {patch, kAttributes, "updateEntityAttributes", kWrite, DataClass::internal, LimitClass::write, update_attributes},
    {post, kAttributes, "appendEntityAttributes", kWrite, DataClass::internal, LimitClass::write, append_attributes},
    {put, kAttributes, "replaceEntityAttributes", kWrite, DataClass::internal, LimitClass::write, replace_attributes},
    {get, kAttribute, "retrieveAttribute", kRead, DataClass::internal, LimitClass::read, retrieve_attribute},
    {put, kAttribute, "updateAttribute", kWrite, DataClass::internal, LimitClass::write, update_attribute},
    {delete_, kAttribute, "removeAttribute", kWrite, DataClass::internal, LimitClass::write, remove_attribute},
    {get, kValue, "retrieveAttributeValue", kRead, DataClass::internal, LimitClass::read, retrieve_value},
    {put, kValue, "updateAttributeValue", kWrite, DataClass::internal, LimitClass::write, update_value},
    {post, kSubscriptions, "createSubscription", kWriteSubscriptions, DataClass::internal, LimitClass::write,
     create_subscription},
    {get, kSubscriptions, "listSubscriptions", kReadSubscriptions, DataClass::internal, LimitClass::read,
     list_subscriptions},
    {get, kSubscription, "retrieveSubscription", kReadSubscriptions, DataClass::internal, LimitClass::read,
     retrieve_subscription},
    {delete_, kSubscription, "removeSubscription", kWriteSubscriptions, DataClass::internal, LimitClass::write,
     remove_subscription},
    {patch, kSubscription, "updateSubscription", kWriteSubscriptions, DataClass::internal, LimitClass::write,
     update_subscription},
    {post, kRegistrations, "createRegistration", kWriteRegistrations, DataClass::internal, LimitClass::write,
     create_registration},
    {get, kRegistrations, "listRegistrations", kReadRegistrations, DataClass::internal, LimitClass::read,
     list_registrations},
    {get, kRegistration, "retrieveRegistration", kReadRegistrations, DataClass::internal, LimitClass::read,
     retrieve_registration},
    {delete_, kRegistration, "removeRegistration", kWriteRegistrations, DataClass::internal, LimitClass::write,
     remove_registration},
    {patch, kRegistration, "updateRegistration", kWriteRegistrations, DataClass::internal, LimitClass::write,
     update_registration},
    {get, "/v2/types", "listEntityTypes", kRead, DataClass::internal, LimitClass::query, list_types},
    {get, "/v2/types/{entityType}", "retrieveEntityType", kRead, DataClass::internal, LimitClass::query, retrieve_type},
    {post, "/v2/op/update", "batchUpdate", kWrite, DataClass::internal, LimitClass::batch, batch_update},
    {post, "/v2/op/query", "batchQuery", kRead, DataClass::internal, LimitClass::query, batch_query},
    {post, "/v2/op/notify", "receiveNotification", kWrite, DataClass::internal, LimitClass::batch, notify},
    {get, "/v2", "retrieveEntryPoints", kInformation, DataClass::open, LimitClass::read, entry_points},
    {get, "/admin/metrics", "retrieveUsage", kReadUsage, DataClass::internal, LimitClass::operations, retrieve_metrics},
    {delete_, "/admin/metrics", "resetUsage", kResetUsage, DataClass::internal, LimitClass::operations, reset_metrics},
    {get, "/admin/log", "retrieveLogLevel", kReadUsage, DataClass::internal, LimitClass::operations,
     retrieve_log_level},
    {put, "/admin/log", "changeLogLevel", kWriteLog, DataClass::internal, LimitClass::operations, change_log_level},
    {get, "/statistics", "retrieveStatistics", kReadUsage, DataClass::internal, LimitClass::operations,
     retrieve_statistics},
    {delete_, "/statistics", "resetStatistics", kResetUsage, DataClass::internal, LimitClass::operations,
     reset_statistics},
    {get, "/version", "retrieveVersion", kInformation, DataClass::open, LimitClass::read, version},
};

}  // namespace

net::RouteGroup routes(const Services& services, Settings settings, std::optional<net::Cors> cors) {
  const auto shared = std::make_shared<const Settings>(std::move(settings));
  net::RouteGroup group{.prefix = "/", .render_error = render_error, .cors = std::move(cors)};
  group.unknown_path = errors::unknown_path();
  for (const Line& line : kLines) {
    const bool about_program = line.data_class == DataClass::open || line.limit_class == LimitClass::operations;
    group.routes.emplace_back(line.method, line.path, net::Operation(line.operation), net::Permission(line.permission),
                              line.data_class, line.limit_class,
                              handler(services, shared, line.operate, about_program ? Reach::program : Reach::tenant));
  }
  return group;
}

}  // namespace machi::broker::ngsiv2
