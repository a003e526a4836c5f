#include "net/request_parser.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace machi::net {
namespace {

using namespace std::string_literals;
using Step = RequestParser::Step;

constexpr ParserLimits kSmallLimits{.header_bytes = 512, .header_count = 8, .body_bytes = 64};

/// What came out of all bytes of a connection: the complete requests, and the status of a refusal (0: none).
struct Outcome {
  std::vector<ParsedRequest> requests;
  int status = 0;
  std::string sentence;
  bool is_waiting = false;  // a request is not complete
};

/// Feeds `bytes` in pieces of `piece` bytes, as they might come off a socket.
Outcome feed(std::string_view bytes, std::size_t piece, const ParserLimits& limits = kSmallLimits) {
  RequestParser parser(limits);
  Outcome out;
  ParsedRequest parsed;
  std::string buffer;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    buffer += bytes.substr(at, piece);
    while (!buffer.empty()) {
      const auto progress = parser.feed(buffer, parsed);
      buffer.erase(0, progress.consumed);
      if (progress.step == Step::refused) {
        out.status = parser.refusal().status;
        out.sentence = parser.refusal().error.message;
        return out;
      }
      if (progress.step == Step::need_more) break;
      out.requests.push_back(parsed);
    }
  }
  out.is_waiting = parser.is_started();
  return out;
}

struct Refused {
  const char* name;
  std::string bytes;
  int status;
};

// RFC 9112 and RFC 9110: what two readers could read differently, or what is too much.
const std::vector<Refused> kRefused = {
    {"bare line feeds", "GET / HTTP/1.1\nHost: a\n\n", 400},
    {"line feed after a field", "GET / HTTP/1.1\r\nHost: a\nX: 1\r\n\r\n", 400},
    {"bare carriage return in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: 1\rY: 2\r\n\r\n", 400},
    {"bare carriage return before the end", "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", 400},
    {"NUL in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n"s, 400},
    {"NUL in a name", "GET / HTTP/1.1\r\nHost: a\r\nX\0: a\r\n\r\n"s, 400},
    {"escape in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: \x1b[0m\r\n\r\n", 400},
    {"delete in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: \x7f\r\n\r\n", 400},
    {"folded line", "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n", 400},
    {"folded line with a tab", "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\tchunked\r\n\r\n", 400},
    {"blank before the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
    {"blank before the colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400},
    {"tab before the colon", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length\t: 3\r\n\r\nabc", 400},
    {"no colon", "GET / HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n", 400},
    {"empty name", "GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n", 400},
    {"name that is no token", "GET / HTTP/1.1\r\nHost: a\r\nX(y): 1\r\n\r\n", 400},
    {"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
    {"two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
    {"two Hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400},
    {"Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
    {"Host with a user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400},
    {"length and chunks", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
    {"chunks and length", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", 400},
    {"two lengths that differ", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n", 400},
    {"two lengths alike", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n", 400},
    {"list of lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\n", 400},
    {"signed length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\n", 400},
    {"negative length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -3\r\n\r\n", 400},
    {"hexadecimal length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x3\r\n\r\n", 400},
    {"empty length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", 400},
    {"length beyond 64 bits", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", 400},
    {"length beyond the limit", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 65\r\n\r\n", 413},
    {"unknown encoding", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 400},
    {"encoding before chunked", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 400},
    {"chunked twice", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", 400},
    {"chunked in two fields",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
    {"chunked with a parameter", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked;q=1\r\n\r\n", 400},
    {"identity", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", 400},
    {"empty encoding", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n", 400},
    {"chunks in HTTP/1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
    {"chunk size that is no number", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400},
    {"empty chunk size", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\r\n0\r\n\r\n", 400},
    {"chunk size with 0x", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n",
     400},
    {"negative chunk size", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n", 400},
    {"chunk size beyond 64 bits",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n11111111111111111\r\nabc\r\n", 400},
    {"chunk longer than its size",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n", 400},
    {"line feed after the chunk size",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n", 400},
    {"blank after the chunk size",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3 \r\nabc\r\n0\r\n\r\n", 400},
    {"folded trailer", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: 1\r\n 2\r\n\r\n", 400},
    {"broken chunk extension",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;=1\r\nabc\r\n0\r\n\r\n", 400},
    {"line feed in a chunk extension",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;a=\"\n\"\r\nabc\r\n0\r\n\r\n", 400},
    {"chunks beyond the limit",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n" + std::string(32, 'a') + "\r\n21\r\n",
     413},
    {"endless chunk extension",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;" + std::string(600, 'a'), 431},
    {"too long a chunk extension",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;" + std::string(600, 'a') +
         "\r\nabc\r\n0\r\n\r\n",
     431},
    {"too long a trailer field, and not a valid one",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX" + std::string(600, '(') + "\r\n\r\n",
     431},
    {"trailer that sets a length",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 3\r\n\r\n", 400},
    {"trailer without a colon", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nnonsense\r\n\r\n",
     400},
    {"two blanks in the request line", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"blank at the end of the request line", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400},
    {"tab in the request line", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"HTTP/0.9", "GET /\r\n\r\n", 400},
    {"lower case protocol", "GET / http/1.1\r\nHost: a\r\n\r\n", 400},
    {"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
    {"another version", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
    {"long version", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400},
    {"relative target", "GET index.html HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"fragment", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"asterisk without OPTIONS", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"absolute target with a user", "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"method that is no token", "GE(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"TLS hello on a plain port", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n"s, 400},
    {"two empty lines first", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"other expectation", "POST / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\nContent-Length: 1\r\n\r\n", 417},
    {"broken Connection", "GET / HTTP/1.1\r\nHost: a\r\nConnection: close;;\r\n\r\n", 400},
    {"too many fields",
     "GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 1\r\nC: 1\r\nD: 1\r\nE: 1\r\nF: 1\r\nG: 1\r\nH: 1\r\n\r\n", 431},
    {"too large a field", "GET / HTTP/1.1\r\nHost: a\r\nA: " + std::string(600, 'a') + "\r\n\r\n", 431},
    {"too long a target", "GET /" + std::string(600, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", 431},
    {"endless request line", "GET /" + std::string(600, 'a'), 431},
};

TEST(RequestParser, RefusesWhatIsAmbiguousOrTooMuchHoweverItArrives) {
  for (const Refused& rule : kRefused) {
    for (const std::size_t piece : {rule.bytes.size(), std::size_t{1}, std::size_t{7}}) {
      const Outcome outcome = feed(rule.bytes, piece);
      EXPECT_EQ(outcome.status, rule.status) << rule.name << " in pieces of " << piece << ": " << outcome.sentence;
      EXPECT_TRUE(outcome.requests.empty()) << rule.name << " in pieces of " << piece;
    }
  }
}

struct Accepted {
  const char* name;
  std::string bytes;
  std::string method;
  std::string path;
  std::string body;
  bool keep_alive;
  bool has_framing;
};

const std::vector<Accepted> kAccepted = {
    {"simple", "GET /v2 HTTP/1.1\r\nHost: a\r\n\r\n", "GET", "/v2", "", true, false},
    {"empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", "GET", "/", "", true, false},
    {"IPv6 Host", "GET / HTTP/1.1\r\nHost: [::1]:1026\r\n\r\n", "GET", "/", "", true, false},
    {"blanks around a value", "GET / HTTP/1.1\r\nHost: \t a \t\r\n\r\n", "GET", "/", "", true, false},
    {"one empty line first", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET", "/", "", true, false},
    {"unknown method", "BADVERB / HTTP/1.1\r\nHost: a\r\n\r\n", "BADVERB", "/", "", true, false},
    {"close", "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "GET", "/", "", false, false},
    {"HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", "GET", "/", "", false, false},
    {"HTTP/1.0 kept", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "GET", "/", "", true, false},
    {"length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", "POST", "/", "abc", true, true},
    {"length zero", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", "POST", "/", "", true, true},
    {"no length", "POST / HTTP/1.1\r\nHost: a\r\n\r\n", "POST", "/", "", true, false},
    {"chunks",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
     "Chunked\r\n\r\n3\r\nabc\r\n0A;x=1;y=\"z\"\r\n0123456789\r\n0\r\n\r\n",
     "POST", "/", "abc0123456789", true, true},
    {"chunks with a trailer",
     "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX: 1\r\n\r\n", "PUT", "/", "a",
     true, true},
    {"absolute target", "GET http://b:80/x?y HTTP/1.1\r\nHost: a\r\n\r\n", "GET", "/x", "", true, false},
    {"absolute target without a path", "GET http://b HTTP/1.1\r\nHost: a\r\n\r\n", "GET", "/", "", true, false},
    {"asterisk", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS", "*", "", true, false},
    {"raw characters that curl sends", "GET /v2/entities?q=t<3|\"\xe7\x94\xba\" HTTP/1.1\r\nHost: a\r\n\r\n", "GET",
     "/v2/entities", "", true, false},
};

TEST(RequestParser, ReadsWhatIsClearHoweverItArrives) {
  for (const Accepted& rule : kAccepted) {
    for (const std::size_t piece : {rule.bytes.size(), std::size_t{1}, std::size_t{5}}) {
      const Outcome outcome = feed(rule.bytes, piece);
      ASSERT_EQ(outcome.requests.size(), 1u) << rule.name << " in pieces of " << piece << ": " << outcome.sentence;
      const ParsedRequest& parsed = outcome.requests.front();
      EXPECT_EQ(parsed.request.method_name, rule.method) << rule.name;
      EXPECT_EQ(parsed.request.path, rule.path) << rule.name;
      EXPECT_EQ(parsed.request.body, rule.body) << rule.name;
      EXPECT_EQ(parsed.keep_alive, rule.keep_alive) << rule.name;
      EXPECT_EQ(parsed.request.has_framing, rule.has_framing) << rule.name;
      EXPECT_FALSE(outcome.is_waiting) << rule.name;
    }
  }
}

TEST(RequestParser, PipelinedRequestsComeOneByOne) {
  std::string bytes;
  for (const Accepted& rule : kAccepted) {
    if (!rule.bytes.starts_with("\r\n")) bytes += rule.bytes;
  }
  for (const std::size_t piece : {bytes.size(), std::size_t{1}, std::size_t{13}}) {
    EXPECT_EQ(feed(bytes, piece).requests.size(), kAccepted.size() - 1);
  }
}

TEST(RequestParser, TrailersNeverBecomeHeaders) {
  const Outcome outcome =
      feed("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nAuthorization: x\r\n\r\n", 1000);
  ASSERT_EQ(outcome.requests.size(), 1u);
  EXPECT_FALSE(outcome.requests.front().request.headers.has("Authorization"));
}

TEST(RequestParser, TheAuthorityOfAnAbsoluteTargetIsTheHost) {
  const Outcome outcome = feed("GET http://b:80/x?y=1 HTTP/1.1\r\nHost: a\r\n\r\n", 1000);
  ASSERT_EQ(outcome.requests.size(), 1u);
  EXPECT_EQ(outcome.requests.front().request.headers.get("Host"), "b:80");
  EXPECT_EQ(outcome.requests.front().request.query, "y=1");
}

TEST(RequestParser, ContinueIsAskedForOnceAndOnlyWhileTheBodyIsMissing) {
  RequestParser parser(kSmallLimits);
  ParsedRequest parsed;
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
  EXPECT_EQ(parser.feed(head, parsed).consumed, head.size());
  EXPECT_TRUE(parser.take_continue());
  EXPECT_FALSE(parser.take_continue());
  EXPECT_EQ(parser.feed("abc", parsed).step, Step::complete);
  EXPECT_EQ(parsed.request.body, "abc");

  EXPECT_EQ(parser.feed(head + "a", parsed).step, Step::need_more);
  EXPECT_FALSE(parser.take_continue());
}

TEST(RequestParser, ARefusedRequestIsKnownAsFarAsItWasRead) {
  RequestParser parser(kSmallLimits);
  ParsedRequest parsed;
  const auto progress = parser.feed("POST /v2/entities HTTP/1.1\r\nHost: a\r\nContent-Length: 65\r\n\r\n", parsed);
  EXPECT_EQ(progress.step, Step::refused);
  EXPECT_EQ(parsed.request.path, "/v2/entities");
}

}  // namespace
}  // namespace machi::net
