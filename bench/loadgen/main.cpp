// Load over HTTP/1.1 with keep-alive, in a closed or an open loop; prints one line of JSON.
#include <arpa/inet.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <future>
#include <stdexcept>

#include "loadgen/worker.h"

namespace {

using bench::Arrivals;
using bench::Load;
using bench::Outcome;

struct Options {
  std::string host = "127.0.0.1";
  int port = 0;
  int connections = 64;
  int threads = 1;
  double rate = 0;
  std::string arrivals = "poisson";
  std::vector<std::string> requests;
  Load load;
};

void declare(CLI::App& app, Options& options) {
  app.add_option("--host", options.host, "IPv4 address")->capture_default_str();
  app.add_option("--port", options.port)->required();
  app.add_option("--connections", options.connections, "in all")->capture_default_str();
  app.add_option("--threads", options.threads)->capture_default_str();
  app.add_option("--rate", options.rate, "requests a second, in all; without it each connection sends when answered");
  app.add_option("--arrivals", options.arrivals, "with --rate: constant or poisson")
      ->check(CLI::IsMember({"constant", "poisson"}));
  app.add_option("--warm-up", options.load.warm_up, "seconds before counting")->capture_default_str();
  app.add_option("--seconds", options.load.seconds, "of counting")->capture_default_str();
  app.add_option("--request", options.requests, "FILE or WEIGHT:FILE, repeatable (request_template.h)")->required();
  app.add_option("--ids", options.load.ids, "FIRST LAST of {id}");
  app.add_option("--seed", options.load.seed)->capture_default_str();
}

void complete(Options& options) {
  Load& load = options.load;
  load.address.sin_family = AF_INET;
  load.address.sin_port = htons(static_cast<std::uint16_t>(options.port));
  if (inet_pton(AF_INET, options.host.c_str(), &load.address.sin_addr) != 1) throw std::runtime_error("not an address");
  if (options.rate > 0) load.arrivals = options.arrivals == "constant" ? Arrivals::constant : Arrivals::poisson;
  load.rate = options.rate / options.threads;
  const std::string host = fmt::format("{}:{}", options.host, options.port);
  for (const std::string& entry : options.requests) {
    const auto colon = entry.find(':');
    const double weight = colon == std::string::npos ? 1 : std::stod(entry.substr(0, colon));
    const std::string file = colon == std::string::npos ? entry : entry.substr(colon + 1);
    load.requests.emplace_back(weight, bench::RequestTemplate::from_file(file, host));
  }
}

Outcome run(const Options& options) {
  std::vector<std::future<Outcome>> running;
  for (int i = 0; i < options.threads; ++i) {
    Load share = options.load;
    share.connections = options.connections / options.threads + (i < options.connections % options.threads ? 1 : 0);
    share.seed += static_cast<std::uint64_t>(i) * 7919;
    running.push_back(std::async(std::launch::async, [share] { return bench::Worker(share).run(); }));
  }
  Outcome outcome;
  for (auto& each : running) outcome.add(each.get());
  return outcome;
}

void print(const Outcome& outcome) {
  std::string statuses;
  for (const auto& [status, count] : outcome.statuses) {
    statuses += fmt::format("{}\"{}\":{}", statuses.empty() ? "" : ",", status, count);
  }
  fmt::print(R"({{"seconds":{},"accepted_per_second":{:.1f},"refused_per_second":{:.1f},"accepted":{},"refused":{},)"
             R"("other":{},"statuses":{{{}}},"lost":{},"unsent":{}}})"
             "\n",
             outcome.seconds, static_cast<double>(outcome.accepted.count()) / outcome.seconds,
             static_cast<double>(outcome.refused.count()) / outcome.seconds, outcome.accepted.json(),
             outcome.refused.json(), outcome.other.json(), statuses, outcome.lost, outcome.unsent);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Load generator for Machi's benchmarks"};
  Options options;
  declare(app, options);
  CLI11_PARSE(app, argc, argv);
  try {
    complete(options);
    print(run(options));
  } catch (const std::exception& error) {
    fmt::print(stderr, "loadgen: {}\n", error.what());
    return 1;
  }
  return 0;
}
