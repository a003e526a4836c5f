#pragma once
#include "app/configuration.h"
#include "net/client.h"

namespace machi::app {

/// How all outgoing HTTP of this process is done.
[[nodiscard]] inline net::Client::Options client_options(const Configuration& configuration) {
  net::Client::Options options;
  options.connections_per_host = static_cast<std::size_t>(configuration.outgoing.connections_per_host);
  options.verify_certificates = configuration.outgoing.verify_certificates;
  return options;
}

}  // namespace machi::app
