#include "broker/delivery/request_tokens.h"

#include <gtest/gtest.h>

namespace machi::broker {
namespace {

TEST(RequestTokens, GivesTheTokenOfTheRequestThatMadeTheChange) {
  RequestTokens tokens;
  tokens.put("c1", "secret");
  tokens.put("c2", "");
  EXPECT_EQ(tokens.find("c1"), "secret");
  EXPECT_EQ(tokens.find("c2"), "");
  EXPECT_EQ(tokens.find("c3"), "");
}

TEST(RequestTokens, TwoTokensUnderOneCorrelatorAreGivenToNobody) {
  RequestTokens tokens;
  tokens.put("c1", "of the one");
  tokens.put("c1", "of the other");
  EXPECT_EQ(tokens.find("c1"), "");
}

TEST(RequestTokens, TheSameTokenTwiceStaysKnown) {
  RequestTokens tokens;
  tokens.put("c1", "secret");
  tokens.put("c1", "secret");
  EXPECT_EQ(tokens.find("c1"), "secret");
}

}  // namespace
}  // namespace machi::broker
