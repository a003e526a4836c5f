#include <gtest/gtest.h>

#include "net/client.h"

namespace machi::net {
namespace {

std::string resolved(std::string_view base, std::string_view reference) {
  const auto url = Url::parse(base)->resolve(reference);
  return url ? url->text() : "error: " + url.error().message;
}

TEST(Url, PartsAreTakenApart) {
  const auto url = Url::parse("HTTP://Example.ORG:8080/a/b?c=d#e");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->scheme, "http");
  EXPECT_EQ(url->host, "example.org");
  EXPECT_EQ(url->port, 8080);
  EXPECT_EQ(url->target, "/a/b?c=d");
  EXPECT_EQ(url->authority(), "example.org:8080");
}

TEST(Url, DefaultPortFollowsTheScheme) {
  EXPECT_EQ(Url::parse("http://a")->port, 80);
  EXPECT_EQ(Url::parse("https://a:/x")->port, 443);
  EXPECT_EQ(Url::parse("mqtt://a")->port, 1883);
  EXPECT_EQ(Url::parse("https://a:443/")->authority(), "a");
}

TEST(Url, EmptyPathBecomesSlash) {
  EXPECT_EQ(Url::parse("http://a")->target, "/");
  EXPECT_EQ(Url::parse("http://a?q=1")->target, "/?q=1");
}

TEST(Url, BlanksAndJapaneseInTheTargetAreEncoded) {
  EXPECT_EQ(Url::parse("http://a/x y/町")->target, "/x%20y/%E7%94%BA");
}

TEST(Url, Ipv6HostLosesItsBrackets) {
  const auto url = Url::parse("http://[2001:DB8::1]:8080/");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host, "2001:db8::1");
  EXPECT_EQ(url->authority(), "[2001:db8::1]:8080");
}

class UrlRefused : public ::testing::TestWithParam<const char*> {};
TEST_P(UrlRefused, IsBadRequest) {
  const auto url = Url::parse(GetParam());
  ASSERT_FALSE(url) << url->text();
  EXPECT_EQ(url.error().code, ErrorCode::bad_request);
}
INSTANTIATE_TEST_SUITE_P(Url, UrlRefused,
                         ::testing::Values("", "a", "/a", "//a/", "http:", "http:/a", "http://", "http:///x",
                                           "ftp://a/", "http://user@a/", "http://user:pw@a/", "http://a:0/",
                                           "http://a:65536/", "http://a:8x/", "http://a:-1/", "http://[::1",
                                           "http://[::1]x/", "http://[fe80::1%25eth0]/", "http://a\\@b/",
                                           "http://a\r\nX: y/", "http://a/\x01", "http://a b/", "http://町.jp/",
                                           "http://a%2eb/"));

TEST(Url, ResolvesReferencesAsRfc3986Does) {
  const auto* base = "http://a/b/c/d;p?q";
  EXPECT_EQ(resolved(base, "g"), "http://a/b/c/g");
  EXPECT_EQ(resolved(base, "./g/"), "http://a/b/c/g/");
  EXPECT_EQ(resolved(base, "/g"), "http://a/g");
  EXPECT_EQ(resolved(base, "//g"), "http://g/");
  EXPECT_EQ(resolved(base, "?y"), "http://a/b/c/d;p?y");
  EXPECT_EQ(resolved(base, "g?y#s"), "http://a/b/c/g?y");
  EXPECT_EQ(resolved(base, ".."), "http://a/b/");
  EXPECT_EQ(resolved(base, "../../../g"), "http://a/g");
  EXPECT_EQ(resolved(base, "https://z:8/y"), "https://z:8/y");
}

}  // namespace
}  // namespace machi::net
