#include "app/configuration.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "base/log.h"

namespace machi::app {
namespace {

Failure refused(const Setting& s, const std::string& why) {
  return fail(ErrorCode::bad_request, std::string(s.key) + ": " + why, std::string(s.key));
}

template <std::int64_t Low, std::int64_t High>
Result<> within(const Setting& s) {
  const std::int64_t value = *std::get<std::int64_t*>(s.target);
  if (value >= Low && value <= High) return {};
  return refused(s, "must lie between " + std::to_string(Low) + " and " + std::to_string(High));
}

Result<> one_of(const Setting& s, std::initializer_list<std::string_view> words) {
  if (std::ranges::find(words, *std::get<std::string*>(s.target)) != words.end()) return {};
  std::string list;
  for (const std::string_view word : words) list.append(list.empty() ? "" : ", ").append(word);
  return refused(s, "must be one of " + list);
}

Result<> known_auth_mode(const Setting& s) {
  return one_of(s, {"loopback", "none"});
}
Result<> known_character_rule(const Setting& s) {
  return one_of(s, {"none", "orion"});
}
Result<> known_log_level(const Setting& s) {
  return one_of(s, {"debug", "info", "warn", "error", "fatal", "off"});
}

Result<> at_least_a_second(const Setting& s) {
  if (*std::get<std::chrono::milliseconds*>(s.target) >= std::chrono::seconds(1)) return {};
  return refused(s, "must be a second at least");
}

constexpr std::int64_t kMega = 1024 * 1024;

void add_rates(std::vector<Setting>& table, Configuration::Limits& limits) {
  constexpr std::array<std::string_view, core::kLimitClasses> kWhat{
      "reads by id", "queries that may scan", "writes", "batches of writes", "requests about the server itself"};
  for (std::size_t i = 0; i < core::kLimitClasses; ++i) {
    const std::string key = "limits." + std::string(core::name_of(static_cast<net::LimitClass>(i)));
    core::RateLimit& rate = limits.rates[i];
    table.push_back({key + "_per_second", &rate.per_second,
                     std::string(kWhat[i]) +
                         " a second that one client address may make on one event loop; beyond, 429. 0: no limit",
                     within<0, 10 * kMega>});
    table.push_back({key + "_burst", &rate.burst, "how many of them may come at once", within<1, 100 * kMega>});
  }
}

}  // namespace

std::vector<Setting> Configuration::settings() {
  std::vector<Setting> table = {
      {"server.address", &server.address,
       "IP address that serves the APIs; others than the loopback need auth.mode = \"none\""},
      {"server.port", &server.port, "port of the APIs; 0 takes a free one and prints it", within<0, 65535>},
      {"server.loops", &server.loops, "event loops, each with a thread of its own; 0: one for each core",
       within<0, 256>},
      {"server.tls_certificate", &server.tls_certificate,
       "PEM file with the certificate chain; empty: no TLS. Read again on SIGHUP"},
      {"server.tls_key", &server.tls_key, "PEM file with the private key"},
      {"server.trusted_proxies", &server.trusted_proxies,
       "networks (CIDR) whose X-Forwarded-For and X-Forwarded-Proto are believed"},
      {"server.body_bytes", &server.body_bytes, "largest request body", within<1024, 1024 * kMega>},
      {"server.header_bytes", &server.header_bytes, "largest request line and header fields together",
       within<1024, kMega>},
      {"server.connections", &server.connections, "connections on one loop; beyond, new ones are closed at once",
       within<1, 1'000'000>},
      {"server.idle_time", &server.idle_time, "how long a connection may rest between requests"},
      {"server.shutdown_time", &server.shutdown_time,
       "how long requests under way may take to finish when the server stops"},
      {"operations.address", &operations.address, "IP address of health, metrics and log level"},
      {"operations.port", &operations.port, "their port; 0 takes a free one and prints it", within<0, 65535>},
      {"auth.mode", &auth_mode,
       "loopback: everyone who reaches the loopback address, no other address can be served; none: everyone who "
       "reaches any address",
       known_auth_mode},
      {"log.level", &log_level,
       "debug, info, warn, error, fatal or off; can be changed while running through PUT /admin/log on the operations "
       "port",
       known_log_level},
      {"database.url", &database.url,
       "libpq connection string of a PostgreSQL 15 or newer with PostGIS; empty: a private cluster in the data folder"},
      {"web.folder", &web_folder,
       "folder of the built status page; empty: beside the program (../../web/status/dist or "
       "../share/machi/web/status), if it is there"},
      {"postgres.bin", &postgres_bin,
       "folder of initdb and postgres for the private cluster; empty: the newest installed"},
      {"database.memory_megabytes", &database.memory_megabytes,
       "memory for the private cluster; 0: a quarter of the machine's", within<0, kMega>},
      {"database.read_connections", &database.read_connections, "connections a loop for reads by key", within<1, 64>},
      {"database.write_connections", &database.write_connections, "connections a loop for writes, at most",
       within<1, 64>},
      {"database.slow_connections", &database.slow_connections, "connections a loop for queries that may scan, at most",
       within<1, 64>},
      {"database.answer_time", &database.answer_time,
       "after this a write or a read by key is answered, waiting included, even if the database hangs: with 503",
       at_least_a_second},
      {"database.slow_time", &database.slow_time, "time limit of such a query"},
      {"database.write_batch", &database.write_batch, "changes in one transaction, at most", within<1, 1024>},
      {"outgoing.allow", &outgoing.allow,
       "networks (CIDR) or addresses that are not public and may be reached by notifications and forwards, e.g. "
       "127.0.0.1"},
      {"outgoing.connections_per_host", &outgoing.connections_per_host, "connections of one loop to one host",
       within<1, 1024>},
      {"outgoing.timeout", &outgoing.timeout, "time limit of an outgoing request, unless it has its own"},
      {"outgoing.verify_certificates", &outgoing.verify_certificates,
       "false accepts any TLS certificate of notified and forwarded-to servers; for tests only"},
      {"notifications.waiting_per_subscription", &notifications.waiting_per_subscription,
       "failed notifications of one subscription that wait for another try; beyond, the oldest are dropped and counted",
       within<1, 1'000'000>},
      {"notifications.waiting_time", &notifications.waiting_time, "how long a failed notification is tried again"},
      {"change_log.keep", &change_log.keep,
       "rows of the change log older than this are dropped even if a consumer has not read them"},
      {"history.keep", &history.keep,
       "history of tenants and types without a retention of their own is kept this long; 0ms: for ever"},
      {"audit.keep", &audit.keep, "audit records are kept this long; 0ms: for ever"},
      {"node.name", &node_name,
       "name of this node among those that share a database; empty: the one in node.name of the data folder, made at "
       "the "
       "first start"},
      {"secrets.key_file", &secrets.key_file,
       "file with the key that seals passwords in the database (32 bytes in base64), the same on all nodes that share "
       "one; empty: secret.key in the data folder. Made at the first start"},
      {"ngsiv2.forbidden_characters", &ngsiv2.forbidden_characters,
       "orion: NGSIv2 refuses < > \" ' = ; ( ) in identifiers and values as Orion does; none: it takes them. A tenant "
       "may differ",
       known_character_rule},
      {"ngsiv2.cors_origin", &ngsiv2.cors_origin, "origin that browsers may call NGSIv2 from; __ALL: any; empty: none"},
      {"ngsiv2.cors_max_age", &ngsiv2.cors_max_age,
       "seconds for which a browser may keep the answer to a preflight request", within<0, 86400>},
      {"ngsiv2.metrics", &ngsiv2.metrics, "/admin/metrics tells requests and notifications of each service and path"},
      {"ngsiv2.mqtt_failure_reason", &ngsiv2.mqtt_failure_reason,
       "MQTT subscriptions tell lastFailureReason as HTTP subscriptions do; Orion's do not"},
      {"ngsiv2.statistics_counters", &ngsiv2.statistics_counters, "/statistics counts requests by path and method"},
      {"limits.clients", &limits.clients, "client addresses that one event loop remembers for its limits",
       within<1, 10 * kMega>},
      {"tenants.create_on_write", &tenants.create_on_write, "the first write to an unknown tenant makes it"},
      {"tenants.unique_entity_ids", &tenants.unique_entity_ids,
       "NGSIv2 refuses a second entity of the same id with another type or service path. A tenant may differ"},
  };
  add_rates(table, limits);
  return table;
}

Result<Configuration> load_configuration(const std::filesystem::path& file) {
  Configuration configuration;
  const std::vector<Setting> table = configuration.settings();
  const std::filesystem::path path = file.empty() ? std::filesystem::path("machi.toml") : file;
  std::ifstream in(path);
  if (in) {
    const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    if (auto loaded = load_settings(table, text); !loaded) return fail(loaded.error());
  } else if (!file.empty()) {
    return fail(ErrorCode::not_found, "cannot read " + file.string());
  }
  std::vector<std::string_view> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) environment.emplace_back(*entry);
  if (auto loaded = load_environment(table, environment); !loaded) return fail(loaded.error());
  return configuration;
}

}  // namespace machi::app
