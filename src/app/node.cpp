#include "app/node.h"

#include <algorithm>
#include <thread>

#include "app/background.h"
#include "app/client_options.h"
#include "app/database_access.h"
#include "app/loop_threads.h"
#include "app/node_name.h"
#include "app/operations_routes.h"
#include "app/request_gate.h"
#include "app/request_meters.h"
#include "app/routes.h"
#include "app/secrets.h"
#include "base/ids.h"
#include "base/log.h"
#include "broker/declarations.h"
#include "broker/services.h"
#include "broker/store/postgres_entity_store.h"
#include "core/metrics.h"
#include "core/principal.h"
#include "core/resource_routes.h"
#include "db/database.h"
#include "net/server.h"

namespace machi::app {
namespace {

/// What belongs to one loop, in the order in which it is built.
struct LoopParts {
  std::unique_ptr<db::Database> database;
  std::unique_ptr<broker::TenantDirectory> tenants;
  std::unique_ptr<broker::PostgresEntityStore> entities;
  std::unique_ptr<broker::SubscriptionStore> subscriptions;
  std::unique_ptr<broker::HistoryStore> history;
  std::unique_ptr<net::Client> client;
  std::unique_ptr<broker::RegistrationStore> registrations;
  std::unique_ptr<broker::Forwarder> forwarder;
};

db::DatabaseOptions database_options(const Configuration::Database& c, std::string url) {
  db::DatabaseOptions options;
  options.on_this_machine = c.url.empty();  // the private cluster
  options.url = std::move(url);
  options.read_connections = static_cast<int>(c.read_connections);
  options.write_connections = static_cast<int>(c.write_connections);
  options.slow_connections = static_cast<int>(c.slow_connections);
  options.answer_time = c.answer_time;
  options.slow_time = c.slow_time;
  return options;
}

Task<> close_parts(LoopParts* parts) {
  co_await parts->registrations->flush();
  co_await parts->entities->close();
  co_await parts->database->close();
}

/// The first request of a loop shall not wait for connections to be made.
Task<> warm_up(LoopParts* parts) {
  static const db::Statement kNothing{"warm_up", "select 1"};
  auto tenant = co_await parts->tenants->find("");
  std::vector<db::Call> calls;
  calls.push_back({&kNothing});
  auto written = co_await parts->database->transact(std::move(calls));
  if (!tenant || !written) log::warn("the database does not answer yet");
}

Task<Result<>> database_answers(db::Database* database) {
  static const db::Statement kProbe{"readiness_probe", "select 1"};
  auto rows = co_await database->read(kProbe, db::Parameters());
  if (!rows) co_return fail(ErrorCode::busy, "the database does not answer");
  co_return Result<>();
}

}  // namespace

struct Node::Parts {
  Configuration configuration;
  std::optional<NodeName> name;
  std::shared_ptr<const SecretBox> secrets;
  std::optional<DatabaseAccess> database;
  core::Metrics metrics;
  std::unique_ptr<LoopThreads> threads;
  std::shared_ptr<const net::OutgoingGuard> guard;
  std::vector<LoopParts> loops;
  std::shared_ptr<broker::Usage> usage = std::make_shared<broker::Usage>();
  broker::RequestTokens tokens;
  broker::Services services;
  core::ResourceCatalogue resources{broker::declarations()};
  PerLoop<core::StaffServices> staff;
  std::unique_ptr<Background> background;
  std::shared_ptr<const net::Router> router;
  std::unique_ptr<net::Server> server;
  std::unique_ptr<net::Server> operations;

  Result<> start(const std::filesystem::path& data);
  void build_loops(const std::string& url);
  Result<> build_background();
  Result<> serve();
  Result<> serve_operations();
  void stop();
};

void Node::Parts::build_loops(const std::string& url) {
  const auto wanted = static_cast<std::size_t>(configuration.server.loops);
  threads = std::make_unique<LoopThreads>(wanted != 0 ? wanted : std::max(1U, std::thread::hardware_concurrency()));
  broker::TenantDirectory::Options tenant_options;
  tenant_options.create_on_write = configuration.tenants.create_on_write;
  tenant_options.defaults.unique_entity_ids = configuration.tenants.unique_entity_ids;
  tenant_options.defaults.orion_forbidden_characters = configuration.ngsiv2.forbidden_characters == "orion";
  broker::WriteBatcher::Options write_options;
  write_options.batch_size = static_cast<std::size_t>(configuration.database.write_batch);
  write_options.batches = static_cast<std::size_t>(configuration.database.write_connections);
  write_options.answer_time = configuration.database.answer_time;
  broker::WriteBatcher::Meters meters{
      &metrics.counter("machi_write_batches_total", "Transactions of entity changes."),
      &metrics.counter("machi_write_changes_total", "Changes put into transactions."),
      &metrics.counter("machi_write_retries_total", "Transactions repeated or halved.")};
  const auto news = std::make_shared<broker::RegistrationNews>(0);
  for (std::size_t i = 0; i < threads->size(); ++i) {
    LoopParts parts;
    parts.database = std::make_unique<db::Database>(threads->at(i), database_options(configuration.database, url));
    parts.tenants = std::make_unique<broker::TenantDirectory>(*parts.database, tenant_options);
    parts.entities = std::make_unique<broker::PostgresEntityStore>(
        *parts.database, parts.tenants->rules(), write_options, meters, [this] { background->wake(); });
    parts.subscriptions = std::make_unique<broker::SubscriptionStore>(*parts.database, secrets);
    parts.history = std::make_unique<broker::HistoryStore>(*parts.database);
    parts.client = std::make_unique<net::Client>(threads->at(i), guard, client_options(configuration));
    parts.registrations = std::make_unique<broker::RegistrationStore>(*parts.database, news);
    broker::Forwarder::Options forwarding;
    forwarding.timeout = configuration.outgoing.timeout;
    forwarding.on_forward = [store = parts.registrations.get()](const broker::ForwardEvent& event) {
      store->note(event);
    };
    parts.forwarder =
        std::make_unique<broker::Forwarder>(*parts.client, parts.registrations->book(), std::move(forwarding));
    services.add(std::make_unique<broker::LoopServices>(
        broker::LoopServices{*parts.entities, *parts.tenants, *parts.subscriptions, *parts.history,
                             *parts.registrations, *parts.forwarder, tokens}));
    staff.add(std::make_unique<core::StaffServices>(
        core::StaffServices{core::ResourceStore(*parts.database), core::AuditLog(*parts.database)}));
    loops.push_back(std::move(parts));
  }
}

Result<> Node::Parts::build_background() {
  LoopParts& parts = loops.back();
  background = std::make_unique<Background>(*parts.database, database->url(), *parts.tenants, guard, configuration,
                                            name->text(), secrets, metrics, tokens, *usage);
  return {};
}

Result<> Node::Parts::serve() {
  auto composed = api_routes({services, usage, resources, staff}, configuration);
  if (!composed) return fail(composed.error());
  std::vector<net::RouteGroup> groups = std::move(*composed);
  auto meters = std::make_shared<RequestMeters>(metrics, groups);
  auto gate = request_gate(configuration.limits, threads->size(), metrics);
  const auto observer = [meters, counted = usage](const net::Answered& answered) {
    meters->observe(answered);
    counted->answered(answered);
  };
  router = std::make_shared<const net::Router>(std::move(groups), std::move(gate), observer);

  net::ServerOptions options;
  options.address = configuration.server.address;
  options.port = static_cast<std::uint16_t>(configuration.server.port);
  options.limits.body_bytes = static_cast<std::size_t>(configuration.server.body_bytes);
  options.limits.header_bytes = static_cast<std::size_t>(configuration.server.header_bytes);
  options.limits.connections = static_cast<std::size_t>(configuration.server.connections);
  options.limits.idle_time = std::chrono::duration_cast<std::chrono::seconds>(configuration.server.idle_time);
  options.trusted_proxies = configuration.server.trusted_proxies;
  if (!configuration.server.tls_certificate.empty()) {
    options.tls = net::TlsFiles{configuration.server.tls_certificate, configuration.server.tls_key};
  }
  std::vector<Loop*> serving;
  for (std::size_t i = 0; i < threads->serving(); ++i) serving.push_back(&threads->at(i));
  auto bound = net::Server::bind(serving, options, router);
  if (!bound) return fail(bound.error());
  server = std::move(*bound);

  return serve_operations();
}

Result<> Node::Parts::serve_operations() {
  OperationsState state{&metrics, [database = loops.back().database.get()] { return database_answers(database); },
                        [audit = &staff.at(threads->background()).audit](core::Actor actor, core::AuditRecord record) {
                          return audit->write(std::move(actor), std::move(record));
                        }};
  std::vector<net::RouteGroup> operations_groups;
  operations_groups.push_back(operations_routes(state));
  const auto operator_gate = [](net::Request& request, const net::Route& route) -> Result<> {
    request.principal = &core::Principal::local_operator();
    return core::authorize(*request.principal, route);
  };
  auto operations_router =
      std::make_shared<const net::Router>(std::move(operations_groups), operator_gate, net::Observer());
  net::ServerOptions operations_options;
  operations_options.address = configuration.operations.address;
  operations_options.port = static_cast<std::uint16_t>(configuration.operations.port);
  auto operations_bound =
      net::Server::bind({&threads->at(threads->background())}, operations_options, std::move(operations_router));
  if (!operations_bound) return fail(operations_bound.error());
  operations = std::move(*operations_bound);
  return {};
}

Result<> Node::Parts::start(const std::filesystem::path& data) {
  const auto mode = configuration.auth_mode == "none" ? core::AuthMode::none : core::AuthMode::loopback;
  for (const std::string& address : {configuration.server.address, configuration.operations.address}) {
    if (auto allowed = core::may_listen(mode, address); !allowed) return fail(allowed.error());
  }
  if (mode == core::AuthMode::none)
    log::warn("auth.mode is none: everyone who reaches this address may read and change everything");
  name.emplace(configuration.node_name, data);
  auto opened = DatabaseAccess::open(configuration, data);
  if (!opened) return fail(opened.error());
  database = std::move(*opened);
  const std::filesystem::path key_file = configuration.secrets.key_file;
  auto key = open_secrets(key_file.empty() ? data / "secret.key" : key_file, database->url());
  if (!key) return fail(key.error());
  secrets = std::move(*key);
  auto checked = net::OutgoingGuard::from(configuration.outgoing.allow);
  if (!checked) return fail(checked.error());
  guard = std::make_shared<const net::OutgoingGuard>(std::move(*checked));
  build_loops(database->url());
  if (auto built = build_background(); !built) return built;
  if (auto served = serve(); !served) return served;
  threads->start();
  for (std::size_t i = 0; i < loops.size(); ++i) threads->wait_for(i, warm_up(&loops[i]));
  threads->wait_for(threads->background(), background->start());
  server->start();
  operations->start();
  return {};
}

void Node::Parts::stop() {
  if (!threads || !server || !operations) return;  // never came up
  const std::size_t last = threads->background();
  threads->wait_for(last, server->stop(configuration.server.shutdown_time));
  threads->wait_for(last, background->stop());
  for (std::size_t i = 0; i < loops.size(); ++i) threads->wait_for(i, close_parts(&loops[i]));
  threads->wait_for(last, operations->stop(std::chrono::milliseconds(100)));
  threads->stop();
}

Node::Node(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Result<std::unique_ptr<Node>> Node::start(Configuration configuration, std::filesystem::path data) {
  auto parts = std::make_unique<Parts>();
  parts->configuration = std::move(configuration);
  if (auto started = parts->start(data); !started) return fail(started.error());
  return std::unique_ptr<Node>(new Node(std::move(parts)));
}

Node::~Node() {
  parts_->stop();
}

std::uint16_t Node::port() const {
  return parts_->server->port();
}
std::uint16_t Node::operations_port() const {
  return parts_->operations->port();
}

void Node::reload() {
  if (auto reloaded = parts_->server->reload_certificates(); !reloaded) {
    log::error("certificates could not be read again; the old ones stay", {{"reason", reloaded.error().message}});
  }
}

}  // namespace machi::app
