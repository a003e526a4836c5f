#include "broker/subscription/subscription_store.h"

#include "base/json.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "broker/subscription/subscription_json.h"
#include "core/change_log.h"
#include "core/guarded_change.h"

namespace machi::broker {
namespace {

#define MACHI_SUBSCRIPTION_COLUMNS                                                                                     \
  "id, service_path, owner, definition, status, times_sent, fails_counter, dropped, last_notification, last_success, " \
  "last_success_code, "                                                                                                \
  "last_failure, last_failure_reason, created_sequence, revision, tenant"

const db::Statement kInsert{
    "subscription_insert",
    "insert into machi.subscription (tenant, id, service_path, owner, definition, status, created, modified, "
    "created_sequence) values "
    "($1::int, $2::text, $3::text, $4::text, $5::text, $6::text, now(), now(), nextval('machi.change_sequence'))"};
const db::Statement kList{
    "subscription_list",
    "select " MACHI_SUBSCRIPTION_COLUMNS
    " from machi.subscription where tenant = $1::int and ($2::text is null or service_path = $2::text) "
    "order by created_sequence limit $3::bigint offset $4::bigint"};
const db::Statement kCount{
    "subscription_count",
    "select count(*) from machi.subscription where tenant = $1::int and ($2::text is null or service_path = $2::text)"};
const db::Statement kGet{"subscription_get", "select " MACHI_SUBSCRIPTION_COLUMNS
                                             " from machi.subscription where tenant = $1::int and id = $2::text"};
const db::Statement kAll{"subscription_all", "select " MACHI_SUBSCRIPTION_COLUMNS " from machi.subscription"};
const db::Statement kUpdate{"subscription_update",
                            "update machi.subscription set definition = $3::text, status = $4::text, fails_counter = "
                            "case when $6::boolean then $8::bigint "
                            "else fails_counter end, service_path = $7::text, modified = now(), revision = revision + "
                            "1 where tenant = $1::int and id = $2::text and "
                            "revision = $5::bigint returning 1"};
const db::Statement kSeal{"subscription_seal",
                          "update machi.subscription set definition = $3::text where tenant = $1::int and id = "
                          "$2::text and definition = $4::text"};
const db::Statement kRemove{
    "subscription_remove",
    "with gone as (delete from machi.pending_delivery where tenant = $1::int and subscription = $2::text) delete from "
    "machi.subscription where tenant = $1::int and id = $2::text returning 1"};
const db::Statement kRecord{"subscription_record", R"(
  update machi.subscription s
  set times_sent = s.times_sent + u.sent, last_notification = greatest(s.last_notification, u.notified),
    last_success = greatest(s.last_success, u.success), last_success_code = coalesce(u.code::int, s.last_success_code),
    last_failure = greatest(s.last_failure, u.failure), last_failure_reason = coalesce(u.reason, s.last_failure_reason),
    fails_counter = case when u.reset then 0 else s.fails_counter end + u.failed, dropped = s.dropped + u.dropped
  from unnest($1::int[], $2::text[], $3::bigint[], $4::timestamptz[], $5::timestamptz[], $6::text[], $7::timestamptz[], $8::text[],
    $9::boolean[], $10::bigint[], $11::bigint[])
    as u(tenant, id, sent, notified, success, code, failure, reason, reset, failed, dropped)
  where s.tenant = u.tenant and s.id = u.id
  returning s.tenant, s.id, s.fails_counter)"};

#undef MACHI_SUBSCRIPTION_COLUMNS

constexpr std::string_view kPasswordPurpose = "subscription.mqtt.passwd";

std::optional<Timestamp> time_at(const db::Rows& rows, std::size_t row, int column) {
  if (rows.is_null(row, column)) return {};
  return parse_iso8601(rows.text(row, column));
}

Failure not_found() {
  return fail(ErrorCode::not_found, "The requested subscription has not been found. Check id", "id");
}

/// `before`, `after`: definitions, empty where there is none.
db::Call audit_record(TenantId tenant, const std::string& id, std::string_view operation, std::string_view before,
                      std::string_view after, const Actor& actor) {
  return core::audit(actor, {.tenant = tenant.value,
                             .operation = operation,
                             .resource = "subscriptions/" + id,
                             .before = core::without_secrets(before),
                             .after = core::without_secrets(after)});
}

}  // namespace

std::string SubscriptionStore::sealed_definition(Subscription subscription) const {
  auto& credentials = subscription.notification.credentials;
  if (credentials && !credentials->sealed) {
    credentials->password = secrets_->seal(credentials->password, kPasswordPurpose);
    credentials->sealed = true;
  }
  return to_definition(subscription);
}

/// A password that cannot be unsealed stays as it is: it comes back when the key does.
Result<Subscription> SubscriptionStore::open_definition(std::string_view definition) const {
  auto subscription = subscription_from_definition(definition);
  if (!subscription) return subscription;
  auto& credentials = subscription->notification.credentials;
  if (!credentials || !credentials->sealed) return subscription;
  auto password = secrets_->unseal(credentials->password, kPasswordPurpose);
  if (password) {
    credentials->password = std::move(*password);
    credentials->sealed = false;
  } else {
    log::error("the password of a subscription cannot be read: secrets.key_file is not the one that it was stored with",
               {{"url", subscription->notification.url}});
  }
  return subscription;
}

Result<StoredSubscription> SubscriptionStore::stored_at(const db::Rows& rows, std::size_t row) const {
  auto subscription = open_definition(rows.text(row, 3));
  if (!subscription) return fail(subscription.error());
  Subscription& s = *subscription;
  s.id = rows.text(row, 0);
  s.service_path = rows.text(row, 1);
  s.owner = rows.text(row, 2);
  s.status = subscription_status(rows.text(row, 4));
  s.deliveries.times_sent = rows.integer(row, 5);
  s.deliveries.fails_counter = rows.integer(row, 6);
  s.deliveries.dropped = rows.integer(row, 7);
  s.deliveries.last_notification = time_at(rows, row, 8);
  s.deliveries.last_success = time_at(rows, row, 9);
  if (!rows.is_null(row, 10)) s.deliveries.last_success_code = static_cast<int>(rows.integer(row, 10));
  s.deliveries.last_failure = time_at(rows, row, 11);
  s.deliveries.last_failure_reason = rows.text(row, 12);
  const std::int64_t created = rows.integer(row, 13);
  const std::int64_t revision = rows.integer(row, 14);
  s.tenant = TenantId{static_cast<std::int32_t>(rows.integer(row, 15))};
  return StoredSubscription{std::move(s), created, revision};
}

db::Call SubscriptionStore::announcement(const StoredSubscription& stored, const Actor& actor) const {
  const Subscription& s = stored.subscription;
  return core::announce(core::ChangeKind::subscription, s.tenant.value, s.id, to_announcement(stored), actor.correlator,
                        actor.principal);
}

std::string SubscriptionStore::to_announcement(const StoredSubscription& stored) const {
  const Subscription& s = stored.subscription;
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("id").string(s.id).key("servicePath").string(s.service_path).key("owner").string(s.owner);
  json.key("status").string(to_string(s.status)).key("revision").integer(stored.revision);
  json.key("failsCounter").integer(s.deliveries.fails_counter);
  json.key("definition").raw(sealed_definition(s)).end_object();
  return out;
}

Result<StoredSubscription> SubscriptionStore::from_announcement(std::string_view document) const {
  const auto json = Json::parse(document);
  if (!json) return fail(json.error());
  const auto text = [&](std::string_view name) {
    const Json* member = json->find(name);
    return member != nullptr && member->is_string() ? member->as_string() : std::string();
  };
  const auto integer = [&](std::string_view name) {
    const Json* member = json->find(name);
    return member != nullptr && member->is_integer() ? member->as_integer() : 0;
  };
  const Json* definition = json->find("definition");
  if (definition == nullptr) return fail(ErrorCode::internal, "an announced subscription has no definition");
  auto subscription = open_definition(definition->dump());
  if (!subscription) return fail(subscription.error());
  subscription->id = text("id");
  subscription->service_path = text("servicePath");
  subscription->owner = text("owner");
  subscription->status = subscription_status(text("status"));
  subscription->deliveries.fails_counter = integer("failsCounter");
  return StoredSubscription{std::move(*subscription), 0, integer("revision")};
}

Task<Result<>> SubscriptionStore::create(Subscription subscription, Actor actor) {
  std::vector<db::Call> calls(1);
  calls[0].statement = &kInsert;
  db::Parameters& p = calls[0].parameters;
  p.add(static_cast<int>(subscription.tenant.value))
      .add(subscription.id)
      .add(subscription.service_path)
      .add(subscription.owner);
  const std::string definition = sealed_definition(subscription);
  p.add(definition).add(to_string(subscription.status));
  calls.push_back(audit_record(subscription.tenant, subscription.id, "subscriptions.create", "", definition, actor));
  calls.push_back(announcement({std::move(subscription), 0, 1}, actor));
  auto done = co_await database_.transact(std::move(calls));
  if (!done) co_return fail(done.error());
  co_return Result<>();
}

Task<Result<SubscriptionPage>> SubscriptionStore::list(TenantId tenant, std::optional<std::string> service_path,
                                                       std::int64_t limit, std::int64_t offset) {
  db::Parameters parameters;
  parameters.add(static_cast<int>(tenant.value)).add(service_path).add(limit).add(offset);
  auto rows = co_await database_.read(kList, std::move(parameters));
  if (!rows) co_return fail(rows.error());
  SubscriptionPage page;
  for (std::size_t row = 0; row < rows->size(); ++row) {
    auto stored = stored_at(*rows, row);
    if (!stored) co_return fail(stored.error());
    page.subscriptions.push_back(std::move(stored->subscription));
  }
  db::Parameters count_parameters;
  count_parameters.add(static_cast<int>(tenant.value)).add(service_path);
  auto count = co_await database_.read(kCount, std::move(count_parameters));
  if (!count) co_return fail(count.error());
  page.total = count->integer(0, 0);
  co_return page;
}

Task<Result<StoredSubscription>> SubscriptionStore::fetch(TenantId tenant, std::string id) {
  db::Parameters parameters;
  parameters.add(static_cast<int>(tenant.value)).add(id);
  auto rows = co_await database_.read(kGet, std::move(parameters));
  if (!rows) co_return fail(rows.error());
  if (rows->empty()) co_return not_found();
  co_return stored_at(*rows, 0);
}

Task<Result<Subscription>> SubscriptionStore::get(TenantId tenant, std::string id) {
  auto stored = co_await fetch(tenant, std::move(id));
  if (!stored) co_return fail(stored.error());
  co_return std::move(stored->subscription);
}

Task<Result<>> SubscriptionStore::update(TenantId tenant, std::string id, std::function<Result<>(Subscription&)> patch,
                                         Actor actor) {
  constexpr int kAttempts = 5;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    auto stored = co_await fetch(tenant, id);
    if (!stored) co_return fail(stored.error());
    const std::string before = to_definition(stored->subscription);
    const std::int64_t failures = stored->subscription.deliveries.fails_counter;
    if (auto patched = patch(stored->subscription); !patched) co_return patched;
    const Subscription& s = stored->subscription;
    const std::string definition = sealed_definition(s);
    db::Call change{&kUpdate};
    db::Parameters& p = change.parameters;
    p.add(static_cast<int>(tenant.value)).add(id).add(definition).add(to_string(s.status)).add(stored->revision);
    // Deliveries count at the same time: the counter is written only by who changes it (activation starts it again).
    p.add(s.deliveries.fails_counter != failures).add(s.service_path).add(s.deliveries.fails_counter);
    ++stored->revision;
    std::vector<db::Call> consequences;
    consequences.push_back(audit_record(tenant, id, "subscriptions.update", before, definition, actor));
    consequences.push_back(announcement(*stored, actor));
    auto changed = co_await core::change_with(&database_, std::move(change), std::move(consequences));
    if (!changed) co_return fail(changed.error());
    if (*changed) co_return Result<>();
  }
  co_return fail(ErrorCode::busy, "the subscription is being changed by others");
}

Task<Result<>> SubscriptionStore::remove(TenantId tenant, std::string id, Actor actor) {
  auto stored = co_await fetch(tenant, id);
  if (!stored) co_return fail(stored.error());
  db::Call change{&kRemove};
  change.parameters.add(static_cast<int>(tenant.value)).add(id);
  std::vector<db::Call> consequences;
  consequences.push_back(
      audit_record(tenant, id, "subscriptions.delete", to_definition(stored->subscription), "", actor));
  consequences.push_back(
      core::announce(core::ChangeKind::subscription, tenant.value, id, "", actor.correlator, actor.principal));
  auto removed = co_await core::change_with(&database_, std::move(change), std::move(consequences));
  if (!removed) co_return fail(removed.error());
  if (!*removed) co_return not_found();
  co_return Result<>();
}

Task<Result<std::vector<StoredSubscription>>> SubscriptionStore::load_all() {
  auto rows = co_await database_.read(kAll, db::Parameters());
  if (!rows) co_return fail(rows.error());
  std::vector<StoredSubscription> all;
  for (std::size_t row = 0; row < rows->size(); ++row) {
    auto stored = stored_at(*rows, row);
    if (!stored) co_return fail(stored.error());
    const std::string_view definition = rows->text(row, 3);
    if (stored->subscription.notification.credentials && !has_sealed_secrets(definition))
      co_await seal(stored->subscription, std::string(definition));
    all.push_back(std::move(*stored));
  }
  co_return all;
}

/// Puts the sealed definition in place of an open one, unless that has changed meanwhile.
Task<> SubscriptionStore::seal(Subscription subscription, std::string open) {
  std::vector<db::Call> calls(1);
  calls[0].statement = &kSeal;
  calls[0].parameters.add(static_cast<int>(subscription.tenant.value)).add(subscription.id);
  calls[0].parameters.add(sealed_definition(subscription)).add(open);
  auto done = co_await database_.transact(std::move(calls));
  if (!done) log::warn("a password could not be sealed", {{"reason", done.error().message}});
}

Task<Result<std::vector<FailureCount>>> SubscriptionStore::record(std::vector<DeliveryUpdate> updates) {
  std::vector<std::int64_t> tenants;
  std::vector<std::string> ids;
  std::vector<std::int64_t> sent;
  std::vector<std::optional<Timestamp>> notified;
  std::vector<std::optional<Timestamp>> successes;
  std::vector<std::optional<std::string>> codes;
  std::vector<std::optional<Timestamp>> failures;
  std::vector<std::optional<std::string>> reasons;
  std::vector<bool> resets;
  std::vector<std::int64_t> failed;
  std::vector<std::int64_t> dropped;
  for (DeliveryUpdate& u : updates) {
    tenants.push_back(u.tenant.value);
    ids.push_back(std::move(u.id));
    sent.push_back(u.sent);
    notified.push_back(u.last_notification);
    successes.push_back(u.last_success);
    codes.push_back(u.last_success_code ? std::optional(std::to_string(*u.last_success_code)) : std::nullopt);
    failures.push_back(u.last_failure);
    reasons.push_back(u.last_failure ? std::optional(u.last_failure_reason) : std::nullopt);
    resets.push_back(u.succeeded);
    failed.push_back(u.failures);
    dropped.push_back(u.dropped);
  }
  std::vector<db::Call> calls(1);
  calls[0].statement = &kRecord;
  db::Parameters& p = calls[0].parameters;
  p.add_array(tenants)
      .add_array(std::span<const std::string>(ids))
      .add_array(sent)
      .add_array(notified)
      .add_array(successes)
      .add_array(codes);
  p.add_array(failures).add_array(reasons).add_array(resets).add_array(failed).add_array(dropped);
  auto done = co_await database_.transact(std::move(calls));
  if (!done) co_return fail(done.error());
  const db::Rows& rows = (*done)[0];
  std::vector<FailureCount> counts;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    counts.push_back({TenantId{static_cast<std::int32_t>(rows.integer(row, 0))}, std::string(rows.text(row, 1)),
                      rows.integer(row, 2)});
  }
  co_return counts;
}

}  // namespace machi::broker
