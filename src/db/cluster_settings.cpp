#include <fmt/format.h>
#include <sys/sysinfo.h>

#include <thread>

#include "db/cluster_folder.h"

namespace machi::db {

namespace {

namespace fs = std::filesystem;

int quarter_of_memory_megabytes() {
  struct sysinfo machine{};
  if (sysinfo(&machine) != 0) return 512;
  const auto megabytes = static_cast<std::uint64_t>(machine.totalram) * machine.mem_unit / 1024 / 1024;
  return static_cast<int>(std::clamp<std::uint64_t>(megabytes / 4, 64, 8192));
}

bool knows_lz4(const Account& account, const ServerPrograms& programs) {
  const auto configured = run_program(account, {programs.path("pg_config"), "--configure"});
  return configured && configured->find("--with-lz4") != std::string::npos;
}

std::string quote_value(std::string_view value) {
  std::string result = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') result += c;
    result += c;
  }
  return result + "'";
}

using Lines = std::vector<std::pair<std::string, std::string>>;

Lines memory_lines(const ClusterSettings& settings) {
  const int memory = settings.memory_megabytes > 0 ? settings.memory_megabytes : quarter_of_memory_megabytes();
  return {{"shared_buffers", fmt::format("{}MB", memory)},
          {"effective_cache_size", fmt::format("{}MB", memory * 3)},
          {"maintenance_work_mem", fmt::format("{}MB", std::clamp(memory / 4, 32, 1024))},
          {"work_mem", fmt::format("{}MB", std::clamp(memory / 128, 4, 64))}};
}

Lines parallel_lines() {
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  return {{"max_parallel_workers", fmt::format("{}", cores)},
          {"max_parallel_workers_per_gather", fmt::format("{}", std::min(cores / 4, 4U))}};
}

/// What is the same everywhere.
Lines fixed_lines() {
  return {
      {"listen_addresses", ""},
      {"port", "5432"},
      {"unix_socket_permissions", "0700"},
      {"timezone", "UTC"},
      {"log_timezone", "UTC"},
      {"jit", "off"},
      {"random_page_cost", "1.1"},
      {"effective_io_concurrency", "200"},
      {"synchronous_commit", "on"},
      {"wal_buffers", "16MB"},
      {"max_wal_size", "4GB"},
      {"min_wal_size", "512MB"},
      {"checkpoint_timeout", "15min"},
      {"checkpoint_completion_target", "0.9"},
      {"track_commit_timestamp", "off"},
      {"update_process_title", "off"},
      // The work of a client that is gone ends, and its locks go.
      {"client_connection_check_interval", "10s"},
      // A forgotten transaction would hold back vacuum and the horizon of the change log.
      {"idle_in_transaction_session_timeout", "5min"},
      // Few rows change often: look soon, clean in small portions and without long rests.
      {"autovacuum_naptime", "15s"},
      {"autovacuum_vacuum_scale_factor", "0.05"},
      {"autovacuum_analyze_scale_factor", "0.05"},
      {"autovacuum_vacuum_insert_scale_factor", "0.1"},
      {"autovacuum_vacuum_cost_limit", "2000"},
      // One file a day of the week, overwritten after seven days. Neither values nor statements: they may be personal.
      {"logging_collector", "on"},
      {"log_filename", "postgresql-%a.log"},
      {"log_truncate_on_rotation", "on"},
      {"log_rotation_age", "1d"},
      {"log_rotation_size", "0"},
      {"log_line_prefix", "%m [%p] "},
      {"log_error_verbosity", "terse"},
      {"log_min_error_statement", "panic"},
      {"log_parameter_max_length", "0"},
      {"log_checkpoints", "off"},
  };
}

}  // namespace

Result<> write_settings(const Account& account, const ServerPrograms& programs, const fs::path& cluster,
                        const ClusterSettings& settings) {
  const std::string on_if_durable = settings.durable ? "on" : "off";
  std::string text = "# Written by Machi at each start. Changes belong into machi.toml, or into ALTER SYSTEM.\n";
  Lines lines = fixed_lines();
  for (const Lines& more : std::array{memory_lines(settings), parallel_lines()})
    lines.insert(lines.end(), more.begin(), more.end());
  lines.insert(lines.end(), {{"unix_socket_directories", socket_folder(cluster).string()},
                             {"max_connections", fmt::format("{}", settings.max_connections)},
                             {"wal_compression", knows_lz4(account, programs) ? "lz4" : "on"},
                             {"fsync", on_if_durable},
                             {"full_page_writes", on_if_durable}});
  lines.insert(lines.end(), settings.further.begin(), settings.further.end());
  for (const auto& [name, value] : lines) text += fmt::format("{} = {}\n", name, quote_value(value));

  return write_private_file(account, cluster / "machi.conf", text);
}

}  // namespace machi::db
