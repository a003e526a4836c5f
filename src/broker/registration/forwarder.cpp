#include "broker/registration/forwarder.h"

#include <algorithm>

#include "base/log.h"
#include "broker/registration/forward_body.h"
#include "net/signal.h"

namespace machi::broker {
namespace {

/// Providers give at most this many entities at once (NGSIv2's limit of `limit`).
constexpr std::int64_t kPageAtMost = 1000;
/// What completes a local entity is one entity; a few more if the id is not unique at the provider.
constexpr std::int64_t kCompletionPage = 20;
/// Forwards of forwards: two brokers that are each other's providers must not go on for ever.
constexpr std::size_t kDepthAtMost = 8;
constexpr std::string_view kForwardMark = "; cbfwd=";

std::size_t depth_of(std::string_view correlator) {
  std::size_t depth = 0;
  for (auto at = correlator.find(kForwardMark); at != std::string_view::npos;
       at = correlator.find(kForwardMark, at + 1)) {
    ++depth;
  }
  return depth;
}

std::string joined(std::string url, std::string_view operation) {
  while (url.ends_with('/')) url.pop_back();
  return url.append(operation);
}

bool is_deep(const ProviderPaging& paging) {
  return paging.skip + paging.take > kPageAtMost;
}

/// All providers are asked for their first entities, so that none must wait for another's count; the page is cut out of
/// what comes.
ProviderPaging from_start(const ProviderPaging& paging) {
  return {0, paging.skip + paging.take};
}

}  // namespace

void RegistrationBook::assign(std::vector<Registration> registrations) {
  by_tenant_.clear();
  for (auto& registration : registrations) by_tenant_[registration.tenant].push_back(std::move(registration));
  for (auto& [tenant, list] : by_tenant_) std::ranges::sort(list, {}, &Registration::id);
}

void RegistrationBook::put(Registration registration) {
  auto& list = by_tenant_[registration.tenant];
  const auto place = std::ranges::lower_bound(list, registration.id, {}, &Registration::id);
  if (place != list.end() && place->id == registration.id) {
    *place = std::move(registration);
  } else {
    list.insert(place, std::move(registration));
  }
}

void RegistrationBook::remove(TenantId tenant, std::string_view id) {
  const auto found = by_tenant_.find(tenant);
  if (found == by_tenant_.end()) return;
  std::erase_if(found->second, [&](const Registration& registration) { return registration.id == id; });
  if (found->second.empty()) by_tenant_.erase(found);
}

std::span<const Registration> RegistrationBook::of(TenantId tenant) const {
  const auto found = by_tenant_.find(tenant);
  if (found == by_tenant_.end()) return {};
  return found->second;
}

struct Forwarder::Batch {
  Batch(Loop& loop, net::Client& c, std::vector<net::ClientRequest> r)
      : client(c), requests(std::move(r)), left(requests.size()), done(loop) {
    responses.resize(requests.size(), fail(ErrorCode::internal, "a forward ended without an answer"));
  }
  net::Client& client;
  std::vector<net::ClientRequest> requests;
  Responses responses;
  std::size_t left;
  net::Signal done;
};

Forwarder::Forwarder(net::Client& client, const RegistrationBook& book, Options options)
    : client_(client), book_(book), options_(std::move(options)) {}

bool Forwarder::concerns(TenantId tenant, const ForwardQuestion& question) const {
  const auto registrations = book_.of(tenant);
  return !registrations.empty() && concerns_query(registrations, question, now());
}

net::ClientRequest Forwarder::request(const ForwardContext& context, std::string url, std::size_t number) const {
  net::ClientRequest out;
  out.method = "POST";
  out.url = std::move(url);
  out.timeout = options_.timeout;
  out.headers.add("User-Agent", options_.user_agent);
  if (!context.tenant_name.empty()) out.headers.add("Fiware-Service", context.tenant_name);
  out.headers.add("Fiware-ServicePath", context.service_path.empty() ? "/" : context.service_path);
  if (!context.auth_token.empty()) out.headers.add("X-Auth-Token", context.auth_token);
  out.headers.add("Accept", "application/json");
  out.headers.add("Content-Type", "application/json; charset=utf-8");
  out.headers.add("Fiware-Correlator", context.correlator + std::string(kForwardMark) + std::to_string(number));
  return out;
}

net::ClientRequest Forwarder::question_request(const ForwardContext& context, const QueryForward& forward,
                                               ProviderPaging paging, std::size_t number) const {
  if (forward.legacy) {
    auto out = request(context, joined(forward.url, "/queryContext"), number);
    out.body = legacy_query_body(forward);
    return out;
  }
  if (forward.completes) paging = {0, kCompletionPage};
  const auto limit = std::min(paging.take, kPageAtMost);
  const std::string slice =
      "?limit=" + std::to_string(limit) + "&offset=" + std::to_string(paging.skip) + "&options=count";
  auto out = request(context, joined(forward.url, "/op/query") + slice, number);
  out.body = query_body(forward);
  return out;
}

Task<> Forwarder::send_one(std::shared_ptr<Batch> batch, std::size_t index) {
  auto response = co_await batch->client.send(std::move(batch->requests[index]));
  batch->responses[index] = std::move(response);
}

Task<Forwarder::Responses> Forwarder::send_all(std::vector<net::ClientRequest> requests) {
  if (requests.empty()) co_return Responses{};
  const auto executor = co_await asio::this_coro::executor;
  auto batch = std::make_shared<Batch>(executor.context(), client_, std::move(requests));
  for (std::size_t i = 0; i < batch->requests.size(); ++i) {
    asio::co_spawn(executor, send_one(batch, i), [batch](const std::exception_ptr& thrown) {
      if (thrown) log::error("a forward ended with an exception");
      if (--batch->left == 0) batch->done.set();
    });
  }
  // Each has its own deadline; here nothing is left to wait for but them.
  co_await batch->done.wait_until(net::Deadline::max());
  co_return std::move(batch->responses);
}

Task<LocalEntities> Forwarder::query(ForwardQuestion question, LocalEntities local, ForwardContext context) {
  auto forwards = plan_query(book_.of(context.tenant), question, local, now());
  if (forwards.empty() || depth_of(context.correlator) >= kDepthAtMost) co_return local;
  if (forwards.size() > options_.forwards_at_most) forwards.resize(options_.forwards_at_most);
  auto paging = provider_paging(question, local);
  std::vector<std::optional<ProvidedEntities>> answers;
  if (!is_deep(paging)) {
    std::vector<net::ClientRequest> requests;
    for (std::size_t i = 0; i < forwards.size(); ++i) {
      requests.push_back(question_request(context, forwards[i], from_start(paging), i + 1));
    }
    const auto responses = co_await send_all(std::move(requests));
    for (std::size_t i = 0; i < forwards.size(); ++i) {
      answers.push_back(settle_query(context, forwards[i], responses[i]));
    }
  } else {
    // Far into the lists each provider's slice depends on the counts of those before it.
    for (std::size_t i = 0; i < forwards.size(); ++i) {
      auto request = question_request(context, forwards[i], paging, i + 1);
      const auto response = co_await client_.send(std::move(request));
      auto answer = settle_query(context, forwards[i], response);
      if (answer && !forwards[i].completes) {
        if (!forwards[i].legacy) answer->offset = paging.skip;
        (void)paging.advance(*answer);
      }
      answers.push_back(std::move(answer));
    }
  }
  co_return merge_answers(std::move(local), question, forwards, std::move(answers));
}

UpdatePlan Forwarder::plan(const ForwardContext& context, std::vector<UnmetUpdate> unmet) const {
  const auto registrations = book_.of(context.tenant);
  const std::string_view path = context.service_path.empty() ? "/" : std::string_view(context.service_path);
  auto plan = plan_update(registrations, path, std::move(unmet), now());
  const bool too_deep = depth_of(context.correlator) >= kDepthAtMost;
  if (too_deep || plan.forwards.size() > options_.forwards_at_most) {
    const auto kept = too_deep ? 0 : options_.forwards_at_most;
    for (auto at = kept; at < plan.forwards.size(); ++at) {
      std::ranges::move(plan.forwards[at].entities, std::back_inserter(plan.unserved));
    }
    plan.forwards.resize(kept);
  }
  return plan;
}

Task<UpdateVerdict> Forwarder::update(UpdatePlan plan, ForwardContext context) {
  std::vector<net::ClientRequest> requests;
  for (std::size_t i = 0; i < plan.forwards.size(); ++i) {
    const auto& forward = plan.forwards[i];
    const auto* const operation = forward.legacy ? "/updateContext" : "/op/update";
    auto one = request(context, joined(forward.url, operation), i + 1);
    one.body = forward.legacy ? legacy_update_body(forward) : update_body(forward);
    requests.push_back(std::move(one));
  }
  const auto responses = co_await send_all(std::move(requests));
  std::vector<std::vector<Untaken>> untaken;
  for (std::size_t i = 0; i < plan.forwards.size(); ++i) {
    untaken.push_back(settle_update(context, plan.forwards[i], responses[i]));
  }
  co_return judge_update(plan, untaken);
}

std::optional<ProvidedEntities> Forwarder::settle_query(const ForwardContext& context, const QueryForward& forward,
                                                        const Result<net::ClientResponse>& response) {
  auto answer = response ? read_query_answer(*response, forward.legacy) : fail(response.error());
  report(context, forward.registrations, answer ? nullptr : &answer.error());
  if (!answer) return std::nullopt;
  return std::move(*answer);
}

std::vector<Untaken> Forwarder::settle_update(const ForwardContext& context, const UpdateForward& forward,
                                              const Result<net::ClientResponse>& response) {
  auto untaken = response ? read_update_answer(*response, forward) : fail(response.error());
  report(context, forward.registrations, untaken ? nullptr : &untaken.error());
  if (!untaken) return all_untaken(forward);
  return std::move(*untaken);
}

void Forwarder::report(const ForwardContext& context, const std::vector<std::string>& registrations,
                       const Error* failure) {
  if (failure != nullptr) {
    log::warn("forward failed", {{"correlator", context.correlator},
                                 {"registration", registrations.empty() ? "" : registrations.front()},
                                 {"reason", failure->message}});
  }
  if (options_.on_forward) options_.on_forward({context.tenant, registrations, now(), failure == nullptr});
}

}  // namespace machi::broker
