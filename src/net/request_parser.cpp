#include "net/request_parser.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <optional>

#include "net/chunked_body.h"

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

/// Beast's parser for the head of one request, and the rules it leaves to its user.
class Reader final : public http::basic_parser<true> {
 public:
  Reader(ParsedRequest* out, const ParserLimits& limits) : out_(out) {
    header_limit(static_cast<std::uint32_t>(limits.header_bytes + 1));
    body_limit(limits.body_bytes);
  }

  [[nodiscard]] const std::optional<Refusal>& refusal() const { return refusal_; }
  [[nodiscard]] bool expects_continue() const { return expects_continue_; }
  /// Content-Length as received, checked to be a number; empty without one.
  [[nodiscard]] std::string_view announced_length() const { return out_->request.headers.get("Content-Length"); }

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

  // Bodies are not left to Beast.
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(string_view, error_code&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view, error_code&) override { return 0; }
  void on_finish_impl(error_code&) override {}
  void on_response_impl(int, string_view, int, error_code&) override {}

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
  enum class Stage { idle, head, fixed, chunked };

  explicit State(const ParserLimits& l) : limits(l) {}

  void begin(ParsedRequest& out) {
    out.request.clear();
    out.http_1_1 = true;
    out.keep_alive = true;
    scan.emplace(limits);
    reader.emplace(&out, limits);
    stage = Stage::head;
    is_started = false;
    may_skip_line = true;
    asked_continue = false;
    has_body_bytes = false;
  }

  Progress refused(Refusal why) {
    refusal = std::move(why);
    return {Step::refused, 0};
  }

  Progress feed_head(std::string_view bytes, ParsedRequest& out);
  void begin_body(ParsedRequest& out);
  Progress feed_body(std::string_view bytes, ParsedRequest& out);
  Progress failed(const error_code& ec, std::string_view bytes);

  ParserLimits limits;
  std::optional<HeadScan> scan;
  std::optional<Reader> reader;
  std::optional<ChunkedBody> chunks;
  Stage stage = Stage::idle;  // idle: the last request is complete
  std::uint64_t left = 0;     // of a fixed body
  Refusal refusal;
  bool is_started = false;
  bool may_skip_line = true;
  bool asked_continue = false;
  bool has_body_bytes = false;
};

/// In the words that NGSIv2's clients know; a chunked body does not tell its size.
std::string too_large(const Reader& reader, std::uint64_t most) {
  // Beast's own content_length() may be asked only when the head is done.
  const std::string_view size = reader.announced_length();
  const std::string told = size.empty() ? "more than " + std::to_string(most) : std::string(size);
  return "payload size: " + told + ", max size supported: " + std::to_string(most);
}

RequestParser::Progress RequestParser::State::failed(const error_code& ec, std::string_view bytes) {
  if (reader->refusal()) return refused(*reader->refusal());
  if (ec == http::error::body_limit) return refused(refuse(413, too_large(*reader, limits.body_bytes)));
  if (ec == http::error::header_limit) return refused(refuse(431, "the header of the request is too large"));
  if (ec == http::error::bad_version && names_version(bytes)) {
    return refused(refuse(505, "the server speaks HTTP/1.1"));
  }
  return refused(refuse(400, "the request is not valid HTTP/1.1: " + ec.message()));
}

RequestParser::Progress RequestParser::State::feed_head(std::string_view bytes, ParsedRequest& out) {
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
  if (!reader->is_header_done() || used != head.size())
    return refused(refuse(400, "the request is not valid HTTP/1.1"));
  begin_body(out);
  return {stage == Stage::idle ? Step::complete : Step::need_more, skipped + used};
}

void RequestParser::State::begin_body(ParsedRequest& out) {
  constexpr std::uint64_t kTrusted = 64 * 1024;  // a length alone reserves no more than this
  stage = Stage::idle;
  if (reader->chunked()) {
    stage = Stage::chunked;
    chunks.emplace(limits);
  } else if (const auto length = reader->content_length(); length && *length > 0) {
    stage = Stage::fixed;
    left = *length;
    out.request.body.reserve(std::min(left, kTrusted));
  }
}

RequestParser::Progress RequestParser::State::feed_body(std::string_view bytes, ParsedRequest& out) {
  if (bytes.empty()) return {};
  has_body_bytes = true;
  if (stage == Stage::fixed) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left, bytes.size()));
    out.request.body.append(bytes, 0, count);
    left -= count;
    if (left > 0) return {Step::need_more, count};
    stage = Stage::idle;
    return {Step::complete, count};
  }
  const auto progress = chunks->feed(bytes, out.request.body);
  if (progress.step == ChunkedBody::Step::refused) return refused(chunks->refusal());
  if (progress.step == ChunkedBody::Step::need_more) return {Step::need_more, progress.consumed};
  stage = Stage::idle;
  return {Step::complete, progress.consumed};
}

RequestParser::RequestParser(const ParserLimits& limits) : state_(std::make_unique<State>(limits)) {}
RequestParser::~RequestParser() = default;
RequestParser::RequestParser(RequestParser&&) noexcept = default;
RequestParser& RequestParser::operator=(RequestParser&&) noexcept = default;

RequestParser::Progress RequestParser::feed(std::string_view bytes, ParsedRequest& out) {
  State& state = *state_;
  if (state.stage == State::Stage::idle) state.begin(out);
  if (state.stage != State::Stage::head) return state.feed_body(bytes, out);
  const Progress head = state.feed_head(bytes, out);
  if (head.step != Step::need_more || state.stage == State::Stage::head) return head;
  Progress body = state.feed_body(bytes.substr(head.consumed), out);
  body.consumed += head.consumed;
  return body;
}

const Refusal& RequestParser::refusal() const {
  return state_->refusal;
}

bool RequestParser::is_started() const {
  return state_->stage != State::Stage::idle && state_->is_started;
}

bool RequestParser::is_in_body() const {
  return state_->stage == State::Stage::fixed || state_->stage == State::Stage::chunked;
}

bool RequestParser::take_continue() {
  if (state_->asked_continue || !is_in_body() || !state_->reader->expects_continue()) return false;
  state_->asked_continue = true;
  return !state_->has_body_bytes;
}

}  // namespace machi::net
