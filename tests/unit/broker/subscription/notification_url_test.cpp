#include "broker/subscription/notification_url.h"

#include <gtest/gtest.h>

namespace machi::broker {
namespace {

std::string parts(std::string_view url) {
  const auto parsed = parse_notification_url(url);
  return parsed ? parsed->scheme + "|" + parsed->host + "|" + std::to_string(parsed->port) + "|" + parsed->target : "-";
}

TEST(NotificationUrl, TakesHostPortAndPath) {
  EXPECT_EQ(parts("http://localhost"), "http|localhost|80|/");
  EXPECT_EQ(parts("https://a.b-c.example/x?y=1"), "https|a.b-c.example|443|/x?y=1");
  EXPECT_EQ(parts("http://127.0.0.1:1028/notify"), "http|127.0.0.1|1028|/notify");
  EXPECT_EQ(parts("mqtt://localhost"), "mqtt|localhost|1883|/");
}

TEST(NotificationUrl, TakesIpv6WithAndWithoutBrackets) {
  EXPECT_EQ(parts("http://[::1]:1028/n"), "http|::1|1028|/n");
  EXPECT_EQ(parts("http://[fe80::1]"), "http|fe80::1|80|/");
  EXPECT_EQ(parts("http://::1:1028/n"), "http|::1|1028|/n");
}

TEST(NotificationUrl, RefusesWhatOrionRefuses) {
  for (const char* url :
       {"", "foo", "localhost:1028", "ftp://a", "http://", "http:///x", "http://localhost:900000",
        "http://localhost:dsfsdf", "http://localhost:", "http://localhost:0", "http://a..b", "http://.a", "http://a.",
        "http://-a", "http://a_b", "http://a b", "http://[::1", "http://[::1]x", "http://a?b=1"}) {
    EXPECT_EQ(parts(url), "-") << url;
  }
  EXPECT_EQ(parts("http://" + std::string(64, 'a')), "-");
}

}  // namespace
}  // namespace machi::broker
