#pragma once
#include <netinet/in.h>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "loadgen/connection.h"
#include "loadgen/histogram.h"
#include "loadgen/request_template.h"

namespace bench {

enum class Arrivals { closed, constant, poisson };

struct Load {
  sockaddr_in address{};
  int connections = 64;  ///< of this worker
  Arrivals arrivals = Arrivals::closed;
  double rate = 0;  ///< requests a second of this worker, for open loops
  double warm_up = 1;
  double seconds = 10;
  std::vector<std::pair<double, RequestTemplate>> requests;  ///< weight and template
  std::pair<std::int64_t, std::int64_t> ids{0, 99'999};
  std::uint64_t seed = 1;
};

/// The answers that came after the warm-up and before the end, whenever their requests were due.
struct Outcome {
  Histogram accepted;  ///< time to an answer below 400
  Histogram refused;   ///< 429 and 503
  Histogram other;     ///< other answers
  std::map<int, std::uint64_t> statuses;
  std::uint64_t lost = 0;    ///< connections that broke under a request, or could not be opened
  std::uint64_t unsent = 0;  ///< arrivals of an open loop that found no free connection before the end
  double seconds = 0;

  void add(const Outcome& other_outcome);
};

/// Drives its share of the connections from one thread. In a closed loop each connection sends as soon as it is
/// answered; in an open loop requests are due at their own times whether or not there was an answer, and their time
/// counts from when they were due, so that a stall shows in every request it delays.
class Worker {
 public:
  explicit Worker(Load load);
  ~Worker();
  Outcome run();

 private:
  [[nodiscard]] std::int64_t now() const;
  [[nodiscard]] std::int64_t next_gap();
  [[nodiscard]] std::string next_request();
  void release_due(std::int64_t time);
  void on_event(std::uint32_t index, std::uint32_t events);
  void record(const Connection& connection);
  [[nodiscard]] int wait_milliseconds(std::int64_t time) const;

  Load load_;
  int epoll_;
  std::mt19937_64 random_;
  std::discrete_distribution<std::size_t> choice_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<std::uint32_t> idle_;
  std::deque<std::int64_t> due_;  ///< open loop: arrivals without a connection yet
  std::int64_t next_arrival_ = 0;
  std::int64_t counted_from_ = 0;
  std::int64_t end_ = 0;
  Outcome outcome_;
};

}  // namespace bench
