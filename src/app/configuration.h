#pragma once
#include <array>
#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "base/settings.h"
#include "core/rate_limiter.h"

namespace machi::app {

/// Everything that can be set, with its default. The table in configuration.cpp gives each its key and meaning.
struct Configuration {
  struct Server {
    std::string address = "127.0.0.1";
    std::int64_t port = 1026;
    std::int64_t loops = 0;
    std::string tls_certificate;
    std::string tls_key;
    std::vector<std::string> trusted_proxies;
    std::int64_t body_bytes = 1024 * 1024;
    std::int64_t header_bytes = 16 * 1024;
    std::int64_t connections = 4096;
    std::chrono::milliseconds idle_time{75'000};
    std::chrono::milliseconds shutdown_time{10'000};
  } server;
  struct Operations {
    std::string address = "127.0.0.1";
    std::int64_t port = 0;
  } operations;
  struct History {
    std::chrono::milliseconds keep{0};
  } history;
  struct Log {
    std::chrono::milliseconds keep{24LL * 3600 * 1000};
  } change_log;
  struct Audit {
    std::chrono::milliseconds keep{0};
  } audit;
  std::string web_folder;
  std::string postgres_bin;
  std::string node_name;
  std::string auth_mode = "loopback";
  std::string log_level = "info";
  struct Database {
    std::string url;
    std::int64_t memory_megabytes = 0;
    std::int64_t read_connections = 2;
    std::int64_t write_connections = 4;
    std::int64_t slow_connections = 4;
    std::chrono::milliseconds answer_time{10'000};
    std::chrono::milliseconds slow_time{20'000};
    std::int64_t write_batch = 128;
  } database;
  struct Outgoing {
    std::vector<std::string> allow;
    std::int64_t connections_per_host = 16;
    std::chrono::milliseconds timeout{5000};
    bool verify_certificates = true;
  } outgoing;
  struct Notifications {
    std::int64_t waiting_per_subscription = 10'000;
    std::chrono::milliseconds waiting_time{24LL * 3600 * 1000};
  } notifications;
  struct Secrets {
    std::string key_file;
  } secrets;
  struct Ngsiv2 {
    std::string forbidden_characters = "none";
    std::string cors_origin;
    std::int64_t cors_max_age = 86400;
    bool metrics = true;
    bool mqtt_failure_reason = true;
    bool statistics_counters = false;
  } ngsiv2;
  struct Tenants {
    bool create_on_write = true;
    bool unique_entity_ids = true;
  } tenants;
  /// What one client address may ask of one event loop.
  struct Limits {
    /// By net::LimitClass: read, query, write, batch, operations.
    std::array<core::RateLimit, core::kLimitClasses> rates{
        {{100'000, 200'000}, {20'000, 40'000}, {100'000, 200'000}, {5'000, 10'000}, {1'000, 2'000}}};
    std::int64_t clients = 4096;
  } limits;

  /// The table over the fields of this object.
  [[nodiscard]] std::vector<Setting> settings();
};

/// Defaults, then the file (if `file` is not empty, or `machi.toml` stands in the working folder), then the
/// environment.
[[nodiscard]] Result<Configuration> load_configuration(const std::filesystem::path& file);

}  // namespace machi::app
