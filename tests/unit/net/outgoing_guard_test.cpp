#include <gtest/gtest.h>

#include "net/client.h"

namespace machi::net {
namespace {

OutgoingGuard guard(const std::vector<std::string>& allow) {
  return *OutgoingGuard::from(allow);
}

class SpecialAddress : public ::testing::TestWithParam<const char*> {};
TEST_P(SpecialAddress, IsRefusedUnlessAllowed) {
  EXPECT_FALSE(guard({}).permits(GetParam()));
}
INSTANTIATE_TEST_SUITE_P(OutgoingGuard, SpecialAddress,
                         ::testing::Values("0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.255.255.254",
                                           "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8",
                                           "192.168.1.1", "198.19.0.1", "224.0.0.1", "255.255.255.255", "::", "::1",
                                           "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1",
                                           "64:ff9b:1::1", "2002:7f00:1::", "fc00::1", "fd12::1", "fe80::1", "fec0::1",
                                           "ff02::1", "2001:db8::1", "localhost", "", "127.1", "2130706433"));

class PublicAddress : public ::testing::TestWithParam<const char*> {};
TEST_P(PublicAddress, IsPermitted) {
  EXPECT_TRUE(guard({}).permits(GetParam()));
}
INSTANTIATE_TEST_SUITE_P(OutgoingGuard, PublicAddress,
                         ::testing::Values("8.8.8.8", "172.15.255.255", "172.32.0.0", "100.128.0.0", "::ffff:8.8.8.8",
                                           "2400:8500::1", "64:ff9b::808:808"));

TEST(OutgoingGuard, AllowedNetworkOpensItsAddressesOnly) {
  const auto g = guard({"10.20.0.0/16", "fd00:1::/32", "127.0.0.1"});
  EXPECT_TRUE(g.permits("10.20.255.1"));
  EXPECT_FALSE(g.permits("10.21.0.1"));
  EXPECT_TRUE(g.permits("fd00:1::5"));
  EXPECT_FALSE(g.permits("fd00:2::5"));
  EXPECT_TRUE(g.permits("127.0.0.1"));
  EXPECT_FALSE(g.permits("127.0.0.2"));
}

TEST(OutgoingGuard, MappedFormCountsAsItsIpv4Address) {
  EXPECT_TRUE(guard({"127.0.0.0/8"}).permits("::ffff:127.0.0.1"));
  EXPECT_TRUE(guard({"::ffff:127.0.0.1"}).permits("127.0.0.1"));
  EXPECT_FALSE(guard({"::1"}).permits("::ffff:127.0.0.1"));
}

TEST(OutgoingGuard, PrefixNeedNotEndAtAByte) {
  const auto g = guard({"192.168.128.0/17"});
  EXPECT_TRUE(g.permits("192.168.200.1"));
  EXPECT_FALSE(g.permits("192.168.127.1"));
}

TEST(OutgoingGuard, WholeFamilyCanBeAllowed) {
  EXPECT_TRUE(guard({"0.0.0.0/0"}).permits("127.0.0.1"));
  EXPECT_FALSE(guard({"0.0.0.0/0"}).permits("::1"));
}

TEST(OutgoingGuard, NamesTheEntryThatIsWrong) {
  for (const auto* entry : {"localhost", "10.0.0.0/33", "10.0.0.0/x", "10.0.0.0/", "::1/129", "", "10.0.0/8"}) {
    const auto made = OutgoingGuard::from({"127.0.0.1", entry});
    ASSERT_FALSE(made) << entry;
    EXPECT_EQ(made.error().code, ErrorCode::bad_request);
    EXPECT_TRUE(made.error().message.ends_with(entry));
  }
}

}  // namespace
}  // namespace machi::net
