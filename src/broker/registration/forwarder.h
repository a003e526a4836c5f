#pragma once
#include <chrono>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/task.h"
#include "broker/registration/forward_merge.h"
#include "broker/registration/forward_plan.h"
#include "net/client.h"

namespace machi::broker {

/// The registrations of all tenants as one loop knows them. Copies on other loops are kept alike by whoever owns them.
class RegistrationBook {
 public:
  /// Replaces everything (at start, and after a gap in the news).
  void assign(std::vector<Registration> registrations);
  /// Adds it, or replaces the one with the same id.
  void put(Registration registration);
  void remove(TenantId tenant, std::string_view id);
  /// Oldest first. Valid until the next change.
  [[nodiscard]] std::span<const Registration> of(TenantId tenant) const;

 private:
  std::map<TenantId, std::vector<Registration>> by_tenant_;  // sorted by id, which grows with time
};

/// What travels along with each forward of one request.
struct ForwardContext {
  TenantId tenant{};
  std::string tenant_name{};   ///< Fiware-Service; empty: left out
  std::string service_path{};  ///< Fiware-ServicePath as received; empty: `/`
  std::string auth_token{};    ///< X-Auth-Token as received; empty: left out
  std::string correlator{};    ///< Fiware-Correlator as received or made
};

/// One forward that was sent, for the counts of its registrations.
struct ForwardEvent {
  TenantId tenant{};
  std::vector<std::string> registrations{};
  Timestamp sent{};
  bool success = false;
};

/// Sends queries and updates on to context providers, side by side, and puts the answers together. Lives on the loop of
/// its client.
class Forwarder {
 public:
  struct Options {
    std::chrono::milliseconds timeout{5000};  ///< of each forward
    std::size_t forwards_at_most = 256;       ///< of one request; those beyond are left out
    std::string user_agent = "machi/" MACHI_VERSION;
    std::function<void(const ForwardEvent&)> on_forward{};
  };
  Forwarder(net::Client& client, const RegistrationBook& book, Options options);

  /// Whether the question concerns any provider at all. Cheap: asked by every query.
  [[nodiscard]] bool concerns(TenantId tenant, const ForwardQuestion& question) const;

  /// Completes what was found locally. A provider that fails leaves its part out, as clients of NGSIv2 expect.
  [[nodiscard]] Task<LocalEntities> query(ForwardQuestion question, LocalEntities local, ForwardContext context);

  /// Who takes what an update did not find locally; without forwards it ends as if there were no registrations.
  [[nodiscard]] UpdatePlan plan(const ForwardContext& context, std::vector<UnmetUpdate> unmet) const;
  /// Sends the plan's forwards. What a provider that fails should have taken counts as not updated.
  [[nodiscard]] Task<UpdateVerdict> update(UpdatePlan plan, ForwardContext context);

 private:
  using Responses = std::vector<Result<net::ClientResponse>>;
  struct Batch;
  [[nodiscard]] net::ClientRequest request(const ForwardContext& context, std::string url, std::size_t number) const;
  [[nodiscard]] net::ClientRequest question_request(const ForwardContext& context, const QueryForward& forward,
                                                    ProviderPaging paging, std::size_t number) const;
  [[nodiscard]] Task<Responses> send_all(std::vector<net::ClientRequest> requests);
  [[nodiscard]] static Task<> send_one(std::shared_ptr<Batch> batch, std::size_t index);
  [[nodiscard]] std::optional<ProvidedEntities> settle_query(const ForwardContext& context, const QueryForward& forward,
                                                             const Result<net::ClientResponse>& response);
  [[nodiscard]] std::vector<Untaken> settle_update(const ForwardContext& context, const UpdateForward& forward,
                                                   const Result<net::ClientResponse>& response);
  void report(const ForwardContext& context, const std::vector<std::string>& registrations, const Error* failure);

  net::Client& client_;
  const RegistrationBook& book_;
  Options options_;
};

}  // namespace machi::broker
