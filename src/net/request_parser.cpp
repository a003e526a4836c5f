#include "net/request_parser.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <optional>

namespace machi::net {
namespace {

namespace http = boost::beast::http;
using boost::beast::string_view;
using boost::system::error_code;

std::string_view view(string_view s) {
  return {s.data(), s.size()};
}

bool is_decimal(std::string_view value) {
  return !value.empty() && value.find_first_not_of("0123456789") == std::string_view::npos;
}

/// `HTTP/2.0` and the like: another version, not nonsense.
bool names_version(std::string_view head) {
  const std::string_view line = head.substr(0, head.find('\r'));
  const auto at = line.rfind(" HTTP/");
  return at != std::string_view::npos && line.size() == at + 9 && line[at + 7] == '.' &&
         is_decimal(line.substr(at + 6, 1)) && is_decimal(line.substr(at + 8, 1));
}

/// Beast's parser for one request, and the rules it leaves to its user.
class Reader final : public http::basic_parser<true> {
 public:
  Reader(ParsedRequest* out, const ParserLimits& limits) : out_(out) {
    eager(true);
    header_limit(static_cast<std::uint32_t>(limits.header_bytes + 1));
    body_limit(limits.body_bytes);
  }

  [[nodiscard]] const std::optional<Refusal>& refusal() const { return refusal_; }
  [[nodiscard]] bool expects_continue() const { return expects_continue_; }

 private:
  void on_request_impl(http::verb, string_view method, string_view target, int version, error_code& ec) override {
    Request& request = out_->request;
    request.method_name = view(method);
    request.method = method_of(view(method));
    out_->http_1_1 = version == 11;
    const auto authority = read_target(view(target), request);
    if (!authority) return refused(400, "the request target is not valid", ec);
    authority_ = *authority;
  }

  void on_field_impl(http::field field, string_view name, string_view value, error_code& ec) override {
    if (is_header_done()) return;  // trailer fields are read and dropped (RFC 9110 §6.5.1)
    switch (field) {
      case http::field::host:
        if (has_host_ || !is_host(view(value))) return refused(400, "the Host header is not valid", ec);
        has_host_ = true;
        break;
      case http::field::content_length:
        if (has_length_ || !is_decimal(view(value))) return refused(400, "the Content-Length is not valid", ec);
        has_length_ = true;
        break;
      case http::field::transfer_encoding:
        if (has_encoding_ || !equals_without_case(view(value), "chunked")) {
          return refused(400, "the Transfer-Encoding is not chunked", ec);
        }
        has_encoding_ = true;
        break;
      case http::field::expect:
        if (!equals_without_case(view(value), "100-continue")) {
          return refused(417, "the expectation cannot be met", ec);
        }
        expects_continue_ = out_->http_1_1;
        break;
      default:
        break;
    }
    out_->request.headers.add(std::string(view(name)), std::string(view(value)));
  }

  void on_header_impl(error_code& ec) override {
    // RFC 9112 §6.1, §6.3: either framing, never both; HTTP/1.0 knows no chunks.
    if (has_length_ && has_encoding_)
      return refused(400, "Content-Length and Transfer-Encoding exclude each other", ec);
    if (has_encoding_ && !out_->http_1_1) return refused(400, "HTTP/1.0 has no Transfer-Encoding", ec);
    if (!has_host_ && out_->http_1_1) return refused(400, "the Host header is missing", ec);
    if (!authority_.empty()) out_->request.headers.set("Host", std::string(authority_));  // RFC 9112 §3.2.2
    out_->request.has_framing = has_length_ || has_encoding_;
    out_->keep_alive = keep_alive();
  }

  void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) override {
    constexpr std::uint64_t kTrusted = 64 * 1024;  // a length alone reserves no more than this
    if (length) out_->request.body.reserve(std::min(*length, kTrusted));
  }

  std::size_t on_body_impl(string_view bytes, error_code&) override { return append(bytes); }
  void on_chunk_header_impl(std::uint64_t, string_view extension, error_code& ec) override {
    // Beast lets a line feed stand in a quoted string, where others end the line.
    if (has_control(view(extension))) refused(400, "a chunk extension holds a control character", ec);
  }
  std::size_t on_chunk_body_impl(std::uint64_t, string_view bytes, error_code&) override { return append(bytes); }
  void on_finish_impl(error_code&) override {}
  void on_response_impl(int, string_view, int, error_code&) override {}

  std::size_t append(string_view bytes) {
    out_->request.body.append(bytes.data(), bytes.size());
    return bytes.size();
  }

  void refused(int status, std::string_view sentence, error_code& ec) {
    refusal_ = refuse(status, sentence);
    ec = http::error::bad_field;
  }

  ParsedRequest* out_;
  std::optional<Refusal> refusal_;
  std::string authority_;
  bool has_host_ = false;
  bool has_length_ = false;
  bool has_encoding_ = false;
  bool expects_continue_ = false;
};

}  // namespace

struct RequestParser::State {
  explicit State(const ParserLimits& l) : limits(l) {}

  void begin(ParsedRequest& out) {
    out.request.clear();
    out.http_1_1 = true;
    out.keep_alive = true;
    scan.emplace(limits);
    reader.emplace(&out, limits);
    is_started = false;
    may_skip_line = true;
    asked_continue = false;
    has_body_bytes = false;
  }

  [[nodiscard]] bool is_in_body() const { return reader && reader->is_header_done() && !reader->is_done(); }

  Progress refused(Refusal why) {
    refusal = std::move(why);
    return {Step::refused, 0};
  }

  Progress feed_head(std::string_view bytes);
  Progress feed_body(std::string_view bytes);
  Progress failed(const error_code& ec, std::string_view bytes);

  ParserLimits limits;
  std::optional<HeadScan> scan;
  std::optional<Reader> reader;  // of the request being read or the last one
  Refusal refusal;
  bool is_started = false;
  bool may_skip_line = true;
  bool asked_continue = false;
  bool has_body_bytes = false;
};

RequestParser::Progress RequestParser::State::failed(const error_code& ec, std::string_view bytes) {
  if (reader->refusal()) return refused(*reader->refusal());
  if (ec == http::error::body_limit) return refused(refuse(413, "the body of the request is too large"));
  if (ec == http::error::header_limit) return refused(refuse(431, "the header of the request is too large"));
  if (ec == http::error::bad_version && names_version(bytes)) {
    return refused(refuse(505, "the server speaks HTTP/1.1"));
  }
  return refused(refuse(400, "the request is not valid HTTP/1.1: " + ec.message()));
}

RequestParser::Progress RequestParser::State::feed_head(std::string_view bytes) {
  std::size_t skipped = 0;
  if (may_skip_line && bytes.size() >= 2) {
    // RFC 9112 §2.2: an empty line before the request line is ignored.
    may_skip_line = false;
    if (bytes.starts_with("\r\n")) {
      bytes.remove_prefix(2);
      skipped = 2;
    }
  }
  if (bytes.empty() || (may_skip_line && bytes == "\r")) return {Step::need_more, skipped};
  is_started = true;
  switch (scan->look(bytes)) {
    case HeadScan::Found::more:
      return {Step::need_more, skipped};
    case HeadScan::Found::refused:
      return refused(scan->refusal());
    case HeadScan::Found::end:
      break;
  }
  error_code ec;
  const std::string_view head = bytes.substr(0, scan->size());
  const std::size_t used = reader->put(boost::asio::buffer(head.data(), head.size()), ec);
  if (ec && ec != http::error::need_more) return failed(ec, head);
  if (!reader->is_header_done()) return refused(refuse(400, "the request is not valid HTTP/1.1"));
  return {reader->is_done() ? Step::complete : Step::need_more, skipped + used};
}

RequestParser::Progress RequestParser::State::feed_body(std::string_view bytes) {
  if (bytes.empty()) return {};
  has_body_bytes = true;
  error_code ec;
  const std::size_t used = reader->put(boost::asio::buffer(bytes.data(), bytes.size()), ec);
  if (ec && ec != http::error::need_more) return failed(ec, bytes);
  if (reader->is_done()) return {Step::complete, used};
  // A chunk's size line or the trailer fields that never end.
  if (bytes.size() - used > limits.header_bytes) return refused(refuse(431, "the chunk header is too large"));
  return {Step::need_more, used};
}

RequestParser::RequestParser(const ParserLimits& limits) : state_(std::make_unique<State>(limits)) {}
RequestParser::~RequestParser() = default;
RequestParser::RequestParser(RequestParser&&) noexcept = default;
RequestParser& RequestParser::operator=(RequestParser&&) noexcept = default;

RequestParser::Progress RequestParser::feed(std::string_view bytes, ParsedRequest& out) {
  State& state = *state_;
  if (!state.reader || state.reader->is_done()) state.begin(out);
  if (state.is_in_body()) return state.feed_body(bytes);
  const Progress head = state.feed_head(bytes);
  if (head.step != Step::need_more || !state.is_in_body()) return head;
  Progress body = state.feed_body(bytes.substr(head.consumed));
  body.consumed += head.consumed;
  return body;
}

const Refusal& RequestParser::refusal() const {
  return state_->refusal;
}

bool RequestParser::is_started() const {
  return state_->is_started && state_->reader && !state_->reader->is_done();
}

bool RequestParser::is_in_body() const {
  return state_->is_in_body();
}

bool RequestParser::take_continue() {
  if (state_->asked_continue || !is_in_body() || !state_->reader->expects_continue()) return false;
  state_->asked_continue = true;
  return !state_->has_body_bytes;
}

}  // namespace machi::net
