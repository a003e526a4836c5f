#include "net/mqtt.h"

#include <gtest/gtest.h>
#include <mosquitto.h>

#include <condition_variable>
#include <mutex>

#include "net/mosquitto_broker.h"
#include "net/scripted_server.h"

namespace machi::net {
namespace {

using namespace std::chrono_literals;
using testing::DeadPort;
using testing::MosquittoBroker;
using testing::ScriptedServer;

struct Received {
  std::string topic;
  std::string payload;
  int qos;
  bool retained;
};

/// Receives what is published, on a thread of libmosquitto's.
class Subscriber {
 public:
  explicit Subscriber(const MosquittoBroker& broker, const std::string& topic = "#") : topic_(topic) {
    mosquitto_lib_init();
    handle_ = mosquitto_new(nullptr, true, this);
    mosquitto_connect_callback_set(handle_, [](mosquitto* m, void* self, int) {
      mosquitto_subscribe(m, nullptr, static_cast<Subscriber*>(self)->topic_.c_str(), 2);
    });
    mosquitto_subscribe_callback_set(handle_, [](mosquitto*, void* self, int, int, const int*) {
      static_cast<Subscriber*>(self)->notice([](Subscriber& s) { s.subscribed_ = true; });
    });
    mosquitto_message_callback_set(handle_, [](mosquitto*, void* self, const mosquitto_message* m) {
      static_cast<Subscriber*>(self)->notice([&](Subscriber& s) {
        const std::string payload(static_cast<const char*>(m->payload), static_cast<std::size_t>(m->payloadlen));
        s.received_.push_back({m->topic, payload, m->qos, m->retain});
      });
    });
    mosquitto_connect(handle_, "127.0.0.1", broker.port(), 60);
    mosquitto_loop_start(handle_);
    wait([&] { return subscribed_; });
  }
  ~Subscriber() {
    mosquitto_disconnect(handle_);
    mosquitto_loop_stop(handle_, false);
    mosquitto_destroy(handle_);
    mosquitto_lib_cleanup();
  }
  Subscriber(const Subscriber&) = delete;
  Subscriber& operator=(const Subscriber&) = delete;

  std::vector<Received> wait_for(std::size_t count) {
    wait([&] { return received_.size() >= count; });
    const std::lock_guard lock(mutex_);
    return received_;
  }

 private:
  template <typename F>
  void notice(F change) {
    const std::lock_guard lock(mutex_);
    change(*this);
    changed_.notify_all();
  }
  template <typename F>
  void wait(F until) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, 10s, until)) ADD_FAILURE() << "nothing arrived within 10 s";
  }

  std::string topic_;
  mosquitto* handle_ = nullptr;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool subscribed_ = false;
  std::vector<Received> received_;
};

class MqttTest : public ::testing::Test {
 protected:
  std::unique_ptr<MqttPublisher> make(std::chrono::seconds idle_time = 3600s,
                                      const std::vector<std::string>& allow = {"127.0.0.1"}) {
    auto guard = std::make_shared<const OutgoingGuard>(*OutgoingGuard::from(allow));
    return std::make_unique<MqttPublisher>(loop_, std::move(guard), idle_time);
  }
  Result<> publish(MqttPublisher& publisher, MqttMessage message) {
    return testing::run(loop_, publisher.publish(std::move(message)));
  }
  static MqttMessage message(const MosquittoBroker& broker, std::string payload, int qos = 0) {
    MqttMessage out;
    out.url = broker.url();
    out.topic = "city/air";
    out.payload = std::move(payload);
    out.qos = qos;
    return out;
  }
  static std::string words(const Result<>& result) { return result ? "no error" : result.error().message; }

  Loop loop_;
};

class MqttQos : public MqttTest, public ::testing::WithParamInterface<int> {};
TEST_P(MqttQos, ArrivesWithItsQualityOfService) {
  MosquittoBroker broker;
  Subscriber subscriber(broker);
  const auto publisher = make();
  const auto done = publish(*publisher, message(broker, R"({"value":23.5})", GetParam()));
  ASSERT_TRUE(done) << words(done);
  const auto received = subscriber.wait_for(1);
  ASSERT_EQ(received.size(), 1U);
  EXPECT_EQ(received[0].topic, "city/air");
  EXPECT_EQ(received[0].payload, R"({"value":23.5})");
  EXPECT_EQ(received[0].qos, GetParam());
  EXPECT_FALSE(received[0].retained);
}
INSTANTIATE_TEST_SUITE_P(Mqtt, MqttQos, ::testing::Values(0, 1, 2));

TEST_F(MqttTest, RetainedMessageReachesLaterSubscribers) {
  MosquittoBroker broker;
  const auto publisher = make();
  auto retained = message(broker, "kept", 1);
  retained.retain = true;
  ASSERT_TRUE(publish(*publisher, retained));
  Subscriber late(broker);
  const auto received = late.wait_for(1);
  ASSERT_EQ(received.size(), 1U);
  EXPECT_EQ(received[0].payload, "kept");
  EXPECT_TRUE(received[0].retained);
}

TEST_F(MqttTest, OneConnectionCarriesManyMessages) {
  MosquittoBroker broker;
  Subscriber subscriber(broker);
  const auto publisher = make();
  int done = 0;
  for (int i = 0; i < 200; ++i) {
    asio::co_spawn(loop_, publisher->publish(message(broker, std::to_string(i), i % 3)),
                   [&](const std::exception_ptr&, const Result<>& result) {
                     EXPECT_TRUE(result) << words(result);
                     ++done;
                   });
  }
  while (done < 200) loop_.run_one();
  EXPECT_EQ(subscriber.wait_for(200).size(), 200U);
  // The subscriber is the first client; the publisher must have been the only other one.
  EXPECT_EQ(broker.count_in_log("New client connected"), 2);
}

TEST_F(MqttTest, LargePayloadIsWrittenPieceByPiece) {
  MosquittoBroker broker;
  Subscriber subscriber(broker);
  const auto publisher = make();
  const std::string large(8 * 1024 * 1024, 'x');
  ASSERT_TRUE(publish(*publisher, message(broker, large, 0)));
  ASSERT_EQ(subscriber.wait_for(1).at(0).payload.size(), large.size());
}

TEST_F(MqttTest, RightPasswordOpensWrongOneTellsWhy) {
  MosquittoBroker broker({.user = "machi", .password = "right"});
  const auto publisher = make();
  auto right = message(broker, "x", 1);
  right.user = "machi";
  right.password = "right";
  EXPECT_TRUE(publish(*publisher, right));
  auto wrong = right;
  wrong.password = "wrong";
  const auto refused = publish(*publisher, wrong);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::bad_gateway);
  EXPECT_EQ(words(refused), "Connection Refused: not authorised.");
  EXPECT_TRUE(publish(*publisher, right)) << "the other login is untouched";
}

TEST_F(MqttTest, NoBroker) {
  const DeadPort port;
  const auto publisher = make();
  MqttMessage lost;
  lost.url = "mqtt://127.0.0.1:" + std::to_string(port.number());
  lost.topic = "t";
  const auto result = publish(*publisher, lost);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::bad_gateway);
  EXPECT_EQ(words(result), "Could not connect to server");
}

TEST_F(MqttTest, BrokerThatComesBackIsFoundAgain) {
  auto first = std::make_unique<MosquittoBroker>();
  const auto port = first->port();
  const auto publisher = make();
  ASSERT_TRUE(publish(*publisher, message(*first, "before", 1)));
  first->stop(SIGKILL);
  const auto gone = publish(*publisher, message(*first, "while away", 1));
  EXPECT_EQ(words(gone), "Could not connect to server");
  MosquittoBroker second({.port = port});
  Subscriber subscriber(second);
  const auto back = publish(*publisher, message(second, "after", 1));
  ASSERT_TRUE(back) << words(back);
  EXPECT_EQ(subscriber.wait_for(1).at(0).payload, "after");
}

TEST_F(MqttTest, RestartedBrokerIsReachedWithTheFirstMessage) {
  auto first = std::make_unique<MosquittoBroker>();
  const auto port = first->port();
  const auto publisher = make();
  ASSERT_TRUE(publish(*publisher, message(*first, "before", 1)));
  first->stop(SIGKILL);
  MosquittoBroker second({.port = port});
  EXPECT_TRUE(publish(*publisher, message(second, "after", 1)));
}

TEST_F(MqttTest, ServerThatNeverAnswersTimesOut) {
  ScriptedServer silent([](int, ScriptedServer::Socket& socket) { ScriptedServer::wait_for_close(socket); });
  const auto publisher = make();
  MqttMessage lost;
  lost.url = "mqtt://127.0.0.1:" + std::to_string(silent.port());
  lost.topic = "t";
  lost.timeout = 50ms;
  const auto result = publish(*publisher, lost);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::timeout);
  EXPECT_EQ(words(result), "Timeout was reached");
}

TEST_F(MqttTest, FrozenBrokerTimesOutAndIsLeft) {
  MosquittoBroker broker;
  const auto publisher = make();
  ASSERT_TRUE(publish(*publisher, message(broker, "before", 1)));
  broker.signal(SIGSTOP);
  auto late = message(broker, "late", 1);
  late.timeout = 50ms;
  EXPECT_EQ(words(publish(*publisher, late)), "Timeout was reached");
  broker.signal(SIGCONT);
  EXPECT_TRUE(publish(*publisher, message(broker, "after", 1)));
}

TEST_F(MqttTest, IdleConnectionIsClosed) {
  MosquittoBroker broker;
  const auto publisher = make(1s);
  ASSERT_TRUE(publish(*publisher, message(broker, "x", 1)));
  std::atomic<bool> disconnected = false;
  std::thread watcher([&] {
    broker.wait_for_log("disconnected");
    disconnected = true;
    asio::post(loop_, [] {});
  });
  while (!disconnected) loop_.run_one();
  watcher.join();
  EXPECT_TRUE(publish(*publisher, message(broker, "again", 1)));
}

TEST_F(MqttTest, ForbiddenAddressIsNotReached) {
  ScriptedServer server([](int, ScriptedServer::Socket& socket) { ScriptedServer::wait_for_close(socket); });
  const auto publisher = make(3600s, {});
  for (const auto* host : {"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433"}) {
    MqttMessage lost;
    lost.url = "mqtt://" + std::string(host) + ":" + std::to_string(server.port());
    lost.topic = "t";
    const auto result = publish(*publisher, lost);
    ASSERT_FALSE(result) << host;
    EXPECT_EQ(result.error().code, ErrorCode::forbidden) << host;
  }
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(MqttTest, WhatCannotBePublishedIsRefused) {
  const auto publisher = make();
  const auto code = [&](std::string url, std::string topic, int qos) {
    MqttMessage bad;
    bad.url = std::move(url);
    bad.topic = std::move(topic);
    bad.qos = qos;
    const auto result = publish(*publisher, bad);
    return result ? ErrorCode::internal : result.error().code;
  };
  EXPECT_EQ(code("http://127.0.0.1", "t", 0), ErrorCode::bad_request);
  EXPECT_EQ(code("mqtt://127.0.0.1", "", 0), ErrorCode::bad_request);
  EXPECT_EQ(code("mqtt://127.0.0.1", "a/#", 0), ErrorCode::bad_request);
  EXPECT_EQ(code("mqtt://127.0.0.1", "a/+/b", 0), ErrorCode::bad_request);
  EXPECT_EQ(code("mqtt://127.0.0.1", "t", 3), ErrorCode::bad_request);
}

}  // namespace
}  // namespace machi::net
