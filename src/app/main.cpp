#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <iostream>

#include "app/configuration.h"
#include "app/import.h"
#include "app/node.h"
#include "app/resources.h"
#include "app/routes.h"
#include "base/log.h"
#include "db/private_cluster.h"

namespace {

using machi::app::Configuration;

int report(const machi::Error& error) {
  std::cerr << "machi: " << error.message << '\n';
  return 1;
}

/// The signals that main waits for; blocked in all threads, so that none is interrupted.
sigset_t waited_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, signal);
  return set;
}

int serve(Configuration configuration, const std::filesystem::path& data) {
  const sigset_t signals = waited_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  if (const auto level = machi::log::parse_level(configuration.log_level)) machi::log::set_level(*level);
  const bool secure = !configuration.server.tls_certificate.empty();
  const std::string host = configuration.server.address.contains(':') ? "[" + configuration.server.address + "]"
                                                                      : configuration.server.address;
  const std::string operations_host = configuration.operations.address;
  auto node = machi::app::Node::start(std::move(configuration), data);
  if (!node) return report(node.error());
  std::cout << "listening on " << (secure ? "https" : "http") << "://" << host << ":" << (*node)->port() << '\n'
            << "operations on http://" << operations_host << ":" << (*node)->operations_port() << std::endl;
  for (;;) {
    int signal = 0;
    sigwait(&signals, &signal);
    if (signal != SIGHUP) break;
    (*node)->reload();
  }
  machi::log::info("stopping");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Machi (町): a city's data platform"};
  app.set_version_flag("--version", MACHI_VERSION);
  app.require_subcommand(1);
  std::string config_file;
  app.add_option("--config", config_file, "settings file (default: machi.toml in the working folder, if there is one)");

  std::string data = "machi-data";
  int port = -1;
  auto* serve_command = app.add_subcommand("serve", "run the platform");
  serve_command->add_option("--data", data, "folder of the private database and of what is generated")
      ->capture_default_str();
  serve_command->add_option("--port", port,
                            "port of the APIs, instead of server.port; 0 takes a free one and prints it");

  auto* config_command = app.add_subcommand("config", "settings");
  config_command->require_subcommand(1);
  auto* describe_command =
      config_command->add_subcommand("describe", "list every setting with variable, type, default and meaning");

  bool confirm = false;
  auto* upgrade_command = app.add_subcommand(
      "upgrade-database", "move the data folder to the installed PostgreSQL version; the old cluster is kept");
  upgrade_command->add_option("--data", data, "the data folder")->capture_default_str();
  upgrade_command->add_flag("--confirm", confirm, "remove the old cluster that an earlier upgrade has kept");
  auto* import_command = app.add_subcommand("import", "read municipal open data; machi import --help tells more");
  import_command->add_option("--data", data, "the data folder")->capture_default_str();
  import_command->allow_extras()->set_help_flag("");
  auto* demonstration_command =
      app.add_subcommand("load-demonstration", "put the demonstration city into the default tenant");
  demonstration_command->add_option("--data", data, "the data folder")->capture_default_str();
  auto* resources_command = app.add_subcommand("resources", "what staff manage, as a file");
  resources_command->require_subcommand(1);
  std::string resources_file;
  bool dry_run = false;
  auto* export_command = resources_command->add_subcommand("export", "write all of it into a file");
  export_command->add_option("FILE", resources_file, "the file; - for standard output")->required();
  export_command->add_option("--data", data, "the data folder")->capture_default_str();
  auto* resources_import_command = resources_command->add_subcommand("import", "make and change what a file holds");
  resources_import_command->add_option("FILE", resources_file, "the file; - for standard input")->required();
  resources_import_command->add_flag("--dry-run", dry_run, "check and count only");
  resources_import_command->add_option("--data", data, "the data folder")->capture_default_str();
  auto* openapi_command = app.add_subcommand("openapi", "contracts that are made from declarations");
  openapi_command->require_subcommand(1);
  auto* openapi_resources_command = openapi_command->add_subcommand("resources", "api/resources.yaml");
  auto* routes_command = app.add_subcommand("routes", "list every route of the APIs and of operations as JSON");
  CLI11_PARSE(app, argc, argv);

  if (describe_command->parsed()) {
    Configuration defaults;
    std::cout << machi::describe_settings(defaults.settings());
    return 0;
  }
  if (openapi_resources_command->parsed()) {
    std::cout << machi::app::resources_openapi();
    return 0;
  }
  if (upgrade_command->parsed()) {
    const auto done = confirm ? machi::db::confirm_upgrade(data) : machi::db::upgrade_cluster(data);
    return done ? 0 : report(done.error());
  }
  auto configuration = machi::app::load_configuration(config_file);
  if (!configuration) return report(configuration.error());
  if (routes_command->parsed()) {
    const auto routes = machi::app::list_routes(*configuration);
    if (!routes) return report(routes.error());
    std::cout << *routes << '\n';
    return 0;
  }
  const auto folder = std::filesystem::absolute(data);
  if (import_command->parsed()) {
    const std::vector<std::string> rest = import_command->remaining();
    const std::vector<std::string_view> arguments(rest.begin(), rest.end());
    return machi::app::run_import(*configuration, folder, arguments);
  }
  if (demonstration_command->parsed()) return machi::app::run_load_demonstration(*configuration, folder);
  if (export_command->parsed()) return machi::app::run_resources_export(*configuration, folder, resources_file);
  if (resources_import_command->parsed()) {
    return machi::app::run_resources_import(*configuration, folder, resources_file, dry_run);
  }
  if (port >= 0) configuration->server.port = port;
  return serve(std::move(*configuration), folder);
}
