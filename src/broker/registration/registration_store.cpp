#include "broker/registration/registration_store.h"

#include "base/log.h"
#include "core/change_log.h"
#include "core/guarded_change.h"

namespace machi::broker {
namespace {

#define MACHI_REGISTRATION_COLUMNS \
  "id, service_path, owner, definition, times_sent, last_forwarding, last_success, last_failure, revision, tenant"

const db::Statement kInsert{"registration_insert", R"(
  insert into machi.registration (tenant, id, service_path, owner, definition, created, modified)
  values ($1::int, $2::text, $3::text, $4::text, $5::text, now(), now()))"};
const db::Statement kList{"registration_list", "select " MACHI_REGISTRATION_COLUMNS R"( from machi.registration
  where tenant = $1::int and ($2::text is null or service_path = $2::text) order by id limit $3::bigint offset $4::bigint)"};
const db::Statement kCount{"registration_count", R"(
  select count(*) from machi.registration where tenant = $1::int and ($2::text is null or service_path = $2::text))"};
const db::Statement kGet{"registration_get", "select " MACHI_REGISTRATION_COLUMNS
                                             " from machi.registration where tenant = $1::int and id = $2::text"};
const db::Statement kAll{"registration_all",
                         "select " MACHI_REGISTRATION_COLUMNS " from machi.registration order by tenant, id"};
const db::Statement kUpdate{"registration_update", R"(
  update machi.registration set definition = $3::text, modified = now(), revision = revision + 1
  where tenant = $1::int and id = $2::text and revision = $4::bigint)"};
const db::Statement kRemove{"registration_remove",
                            "delete from machi.registration where tenant = $1::int and id = $2::text"};
const db::Statement kNote{"registration_note", R"(
  update machi.registration r
  set times_sent = r.times_sent + n.count, last_forwarding = greatest(r.last_forwarding, n.sent),
    last_success = greatest(r.last_success, n.success), last_failure = greatest(r.last_failure, n.failure)
  from (
    select tenant, id, count(*) as count, max(sent) as sent, max(sent) filter (where ok) as success, max(sent) filter (where not ok) as failure
    from unnest($1::int[], $2::text[], $3::timestamptz[], $4::boolean[]) as e(tenant, id, sent, ok) group by tenant, id) n
  where r.tenant = n.tenant and r.id = n.id)"};

#undef MACHI_REGISTRATION_COLUMNS

constexpr std::chrono::seconds kFresh{1};
constexpr std::chrono::milliseconds kPatience{500};
constexpr int kDefinitionColumn = 3;
constexpr int kRevisionColumn = 8;

std::optional<Timestamp> time_at(const db::Rows& rows, std::size_t row, int column) {
  if (rows.is_null(row, column)) return {};
  return parse_iso8601(rows.text(row, column));
}

Result<Registration> registration_at(const db::Rows& rows, std::size_t row) {
  auto registration = from_definition(rows.text(row, 3));
  if (!registration) return registration;
  registration->id = rows.text(row, 0);
  registration->service_path = rows.text(row, 1);
  registration->owner = rows.text(row, 2);
  registration->forwarding = {rows.integer(row, 4), time_at(rows, row, 5), time_at(rows, row, 6),
                              time_at(rows, row, 7)};
  registration->tenant = TenantId{static_cast<std::int32_t>(rows.integer(row, 9))};
  return registration;
}

Result<std::vector<Registration>> registrations_of(const db::Rows& rows) {
  std::vector<Registration> all;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    auto registration = registration_at(rows, row);
    if (!registration) return fail(std::move(registration.error()));
    all.push_back(std::move(*registration));
  }
  return all;
}

Failure not_found() {
  return fail(ErrorCode::not_found, "The requested registration has not been found. Check id", "id");
}

db::Parameters name(TenantId tenant, const std::string& id) {
  db::Parameters p;
  p.add(static_cast<int>(tenant.value)).add(id);
  return p;
}

/// What goes with a change: the announcement and the audit record. `before`, `after`: definitions, empty where there is
/// none.
std::vector<db::Call> consequences(TenantId tenant, const std::string& id, std::string_view operation,
                                   std::string_view before, std::string_view after, const Actor& actor) {
  std::vector<db::Call> calls;
  calls.push_back(
      core::announce(core::ChangeKind::registration, tenant.value, id, after, actor.correlator, actor.principal));
  calls.push_back(core::audit(actor, {.tenant = tenant.value,
                                      .operation = operation,
                                      .resource = "registrations/" + id,
                                      .before = core::without_secrets(before),
                                      .after = core::without_secrets(after)}));
  return calls;
}

}  // namespace

Task<Result<>> RegistrationStore::create(Registration registration, Actor actor) {
  const std::string definition = to_definition(registration);
  db::Call insert{&kInsert, name(registration.tenant, registration.id)};
  insert.parameters.add(registration.service_path).add(registration.owner).add(definition);
  std::vector<db::Call> calls =
      consequences(registration.tenant, registration.id, "registrations.create", "", definition, actor);
  calls.insert(calls.begin(), std::move(insert));
  auto done = co_await database_.transact(std::move(calls));
  if (!done) co_return fail(std::move(done.error()));
  ++*news_;
  co_return Result<>();
}

Task<Result<RegistrationPage>> RegistrationStore::list(TenantId tenant, std::optional<std::string> service_path,
                                                       std::int64_t limit, std::int64_t offset) {
  co_await flush();
  db::Parameters parameters;
  parameters.add(static_cast<int>(tenant.value)).add(service_path).add(limit).add(offset);
  auto rows = co_await database_.read(kList, std::move(parameters));
  if (!rows) co_return fail(std::move(rows.error()));
  auto registrations = registrations_of(*rows);
  if (!registrations) co_return fail(std::move(registrations.error()));
  db::Parameters count_parameters;
  count_parameters.add(static_cast<int>(tenant.value)).add(service_path);
  auto count = co_await database_.read(kCount, std::move(count_parameters));
  if (!count) co_return fail(std::move(count.error()));
  co_return RegistrationPage{std::move(*registrations), count->integer(0, 0)};
}

Task<Result<Registration>> RegistrationStore::get(TenantId tenant, std::string id) {
  co_await flush();
  auto rows = co_await database_.read(kGet, name(tenant, id));
  if (!rows) co_return fail(std::move(rows.error()));
  if (rows->empty()) co_return not_found();
  co_return registration_at(*rows, 0);
}

Task<Result<>> RegistrationStore::update(TenantId tenant, std::string id,
                                         std::function<Result<Registration>(Registration)> patch, Actor actor) {
  constexpr int kAttempts = 5;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    auto rows = co_await database_.read(kGet, name(tenant, id));
    if (!rows) co_return fail(std::move(rows.error()));
    if (rows->empty()) co_return not_found();
    auto current = registration_at(*rows, 0);
    if (!current) co_return fail(std::move(current.error()));
    const std::string before = to_definition(*current);
    auto patched = patch(std::move(*current));
    if (!patched) co_return fail(std::move(patched.error()));
    const std::string definition = to_definition(*patched);
    db::Call change{&kUpdate, name(tenant, id)};
    change.parameters.add(definition).add(rows->integer(0, kRevisionColumn));
    auto calls = consequences(tenant, id, "registrations.update", before, definition, actor);
    auto done = co_await core::change_with(&database_, std::move(change), std::move(calls));
    if (!done) co_return fail(std::move(done.error()));
    ++*news_;
    if (*done) co_return Result<>();
  }
  co_return fail(ErrorCode::busy, "the registration is being changed by others");
}

Task<Result<>> RegistrationStore::remove(TenantId tenant, std::string id, Actor actor) {
  auto rows = co_await database_.read(kGet, name(tenant, id));
  if (!rows) co_return fail(std::move(rows.error()));
  if (rows->empty()) co_return not_found();
  auto calls = consequences(tenant, id, "registrations.delete", rows->text(0, kDefinitionColumn), "", actor);
  db::Call change{&kRemove, name(tenant, id)};
  auto done = co_await core::change_with(&database_, std::move(change), std::move(calls));
  if (!done) co_return fail(std::move(done.error()));
  ++*news_;
  if (!*done) co_return not_found();
  co_return Result<>();
}

Task<Result<>> RegistrationStore::refresh() {
  const std::uint64_t news = news_->load();
  const auto present = std::chrono::steady_clock::now();
  const bool read_before = read_ != std::chrono::steady_clock::time_point();
  if (read_before && news == seen_ && present - read_ < kFresh) co_return Result<>();
  const bool may_be_stale = read_before && news == seen_;
  auto rows = co_await database_.read(kAll, db::Parameters(), kPatience);
  if (!rows && may_be_stale) {
    read_ =
        present;  // the request goes on with what is known; its own reading or writing tells that the database hangs
    co_return Result<>();
  }
  if (!rows) co_return fail(std::move(rows.error()));
  auto registrations = registrations_of(*rows);
  if (!registrations) co_return fail(std::move(registrations.error()));
  book_.assign(std::move(*registrations));
  seen_ = news;
  read_ = present;
  co_return Result<>();
}

void RegistrationStore::note(const ForwardEvent& event) {
  constexpr std::size_t kMost = 10'000;
  if (events_.size() >= kMost) return;
  events_.push_back(event);
  ++noted_;
  if (std::exchange(writing_, true)) return;
  scope_.spawn("counts of forwards", write_notes());
}

Task<> RegistrationStore::flush() {
  const std::uint64_t wanted = noted_;
  while (written_ < wanted) {
    auto start = [this](Resume<int> resume) { waiting_.push_back(std::move(resume)); };
    co_await suspend<int>(std::move(start));
  }
}

Task<> RegistrationStore::write_notes() {
  while (!events_.empty()) {
    auto events = std::exchange(events_, {});
    const std::size_t count = events.size();
    co_await write(std::move(events));
    written_ += count;
    auto waiting = std::exchange(waiting_, {});
    for (auto& resume : waiting) resume(0);
  }
  writing_ = false;
}

Task<> RegistrationStore::write(std::vector<ForwardEvent> events) {
  std::vector<std::int64_t> tenants;
  std::vector<std::string> ids;
  std::vector<Timestamp> times;
  std::vector<bool> successes;
  for (const ForwardEvent& event : events) {
    for (const std::string& id : event.registrations) {
      tenants.push_back(event.tenant.value);
      ids.push_back(id);
      times.push_back(event.sent);
      successes.push_back(event.success);
    }
  }
  std::vector<db::Call> calls(1);
  calls[0].statement = &kNote;
  calls[0]
      .parameters.add_array(tenants)
      .add_array(std::span<const std::string>(ids))
      .add_array(times)
      .add_array(successes);
  auto done = co_await database_.transact(std::move(calls));
  if (!done) log::warn("counts of forwards could not be written down", {{"reason", done.error().message}});
}

}  // namespace machi::broker
