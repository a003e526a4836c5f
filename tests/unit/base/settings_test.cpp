#include "base/settings.h"

#include <gtest/gtest.h>

namespace machi {
namespace {

class Settings : public testing::Test {
 protected:
  std::int64_t port = 1026;
  bool open = false;
  std::string address = "127.0.0.1";
  std::vector<std::string> allow;
  std::chrono::milliseconds idle{75'000};
  std::vector<Setting> table{{"server.port", &port, "port",
                              [](const Setting& s) -> Result<> {
                                if (*std::get<std::int64_t*>(s.target) > 65535)
                                  return fail(ErrorCode::bad_request, "too large", std::string(s.key));
                                return {};
                              }},
                             {"server.open", &open, "open"},
                             {"server.address", &address, "address"},
                             {"outgoing.allow", &allow, "networks"},
                             {"server.idle_time", &idle, "idle"}};
};

TEST_F(Settings, EveryTypeIsReadFromToml) {
  const auto loaded = load_settings(
      table,
      "[server]\nport=80\nopen=true\naddress=\"::1\"\nidle_time=\"2m\"\n[outgoing]\nallow=[\"10.0.0.0/8\",\"::1\"]\n");
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(port, 80);
  EXPECT_TRUE(open);
  EXPECT_EQ(address, "::1");
  EXPECT_EQ(idle, std::chrono::minutes(2));
  EXPECT_EQ(allow, (std::vector<std::string>{"10.0.0.0/8", "::1"}));
}

TEST_F(Settings, WhatCannotBeMeantIsRefusedWithItsKey) {
  for (const auto& [text, field] :
       std::vector<std::pair<std::string, std::string>>{{"server.port=\"x\"", "server.port"},
                                                        {"server.port=70000", "server.port"},
                                                        {"server.prot=1", "server.prot"},
                                                        {"server.idle_time=\"5 parsecs\"", "server.idle_time"},
                                                        {"outgoing.allow=\"x\"", "outgoing.allow"}}) {
    const auto loaded = load_settings(table, text);
    ASSERT_FALSE(loaded) << text;
    EXPECT_EQ(loaded.error().field, field);
  }
  EXPECT_FALSE(load_settings(table, "not toml"));
}

TEST_F(Settings, TheEnvironmentOverrides) {
  const std::vector<std::string_view> environment{"PATH=/bin", "MACHI_SERVER_PORT=8080",
                                                  "MACHI_OUTGOING_ALLOW=127.0.0.1, ::1"};
  ASSERT_TRUE(load_environment(table, environment));
  EXPECT_EQ(port, 8080);
  EXPECT_EQ(allow, (std::vector<std::string>{"127.0.0.1", "::1"}));
  const std::vector<std::string_view> unknown{"MACHI_SERVER_PROT=1"};
  EXPECT_TRUE(load_environment(table, unknown));
  EXPECT_EQ(port, 8080);
}

TEST_F(Settings, DescribeListsKeyVariableTypeDefaultAndMeaning) {
  const std::string text = describe_settings(table);
  EXPECT_NE(text.find("server.port\tMACHI_SERVER_PORT\tinteger\t1026\tport\n"), std::string::npos);
  EXPECT_NE(text.find("server.idle_time\tMACHI_SERVER_IDLE_TIME\tduration\t\"75s\"\tidle\n"), std::string::npos);
}

}  // namespace
}  // namespace machi
