#pragma once
#include <boost/asio/ip/tcp.hpp>
#include <condition_variable>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace machi::net::testing {

struct BrokerSettings {
  std::uint16_t port = 0;  ///< 0: a free one
  std::string user{};      ///< when set, only this user may connect
  std::string password{};
};

/// A real Mosquitto on a port of 127.0.0.1, in a folder of its own; it goes with this. What it logs can be waited for.
class MosquittoBroker {
 public:
  explicit MosquittoBroker(const BrokerSettings& settings = {})
      : port_(settings.port == 0 ? free_port() : settings.port) {
    char name[] = "/tmp/machi-mosquitto-XXXXXX";
    folder_ = ::mkdtemp(name);
    write_configuration(settings);
    start();
    wait_for_log("running");
  }
  ~MosquittoBroker() {
    stop(SIGTERM);
    std::filesystem::remove_all(folder_);
  }
  MosquittoBroker(const MosquittoBroker&) = delete;
  MosquittoBroker& operator=(const MosquittoBroker&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string url() const { return "mqtt://127.0.0.1:" + std::to_string(port_); }
  /// SIGSTOP freezes it, SIGCONT lets it go on.
  void signal(int number) const { ::kill(process_, number); }
  void stop(int number) {
    if (process_ <= 0) return;
    ::kill(process_, number);
    ::kill(process_, SIGCONT);
    ::waitpid(process_, nullptr, 0);
    process_ = -1;
    reader_.join();
  }
  /// How many lines of the log so far hold `text`.
  [[nodiscard]] int count_in_log(std::string_view text) {
    const std::lock_guard lock(mutex_);
    int count = 0;
    for (std::size_t at = 0; (at = lines_.find(text, at)) != std::string::npos; ++at) ++count;
    return count;
  }
  /// Waits until the log holds `text`; throws when the broker ends without.
  void wait_for_log(std::string_view text) {
    std::unique_lock lock(mutex_);
    const auto is_there = [&] { return lines_.find(text) != std::string::npos; };
    grown_.wait_for(lock, std::chrono::seconds(10), [&] { return ended_ || is_there(); });
    if (!is_there()) throw std::runtime_error("mosquitto did not log " + std::string(text) + ": " + lines_);
  }

 private:
  static std::uint16_t free_port() {
    boost::asio::io_context io;
    const boost::asio::ip::tcp::acceptor acceptor(io, {boost::asio::ip::address_v4::loopback(), 0});
    return acceptor.local_endpoint().port();
  }
  void write_configuration(const BrokerSettings& settings) const {
    std::ofstream file(folder_ + "/mosquitto.conf");
    file << "listener " << port_ << " 127.0.0.1\nuser root\nlog_dest stderr\nlog_type all\nconnection_messages true\n";
    if (settings.user.empty()) {
      file << "allow_anonymous true\n";
      return;
    }
    file << "allow_anonymous false\npassword_file " << folder_ << "/passwords\n";
    std::ofstream(folder_ + "/passwords") << settings.user << ":" << settings.password << "\n";
    if (std::system(("mosquitto_passwd -U " + folder_ + "/passwords").c_str()) != 0) {
      throw std::runtime_error("mosquitto_passwd failed");
    }
  }
  void start() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    const std::string configuration = folder_ + "/mosquitto.conf";
    process_ = ::fork();
    if (process_ == 0) {
      ::dup2(ends[1], STDERR_FILENO);
      ::execl("/usr/sbin/mosquitto", "mosquitto", "-c", configuration.c_str(), nullptr);
      ::_exit(127);
    }
    ::close(ends[1]);
    reader_ = std::thread([this, log = ends[0]] { read_log(log); });
  }
  /// Always drained: a full pipe would stop the broker.
  void read_log(int log) {
    char bytes[4096];
    for (ssize_t count = 0; (count = ::read(log, bytes, sizeof bytes)) > 0;) {
      const std::lock_guard lock(mutex_);
      lines_.append(bytes, static_cast<std::size_t>(count));
      grown_.notify_all();
    }
    ::close(log);
    const std::lock_guard lock(mutex_);
    ended_ = true;
    grown_.notify_all();
  }

  std::uint16_t port_;
  std::string folder_;
  pid_t process_ = -1;
  std::thread reader_;
  std::mutex mutex_;
  std::condition_variable grown_;
  bool ended_ = false;
  std::string lines_;
};

}  // namespace machi::net::testing
