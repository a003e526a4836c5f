#pragma once
#include "base/per_loop.h"
#include "broker/delivery/request_tokens.h"
#include "broker/entity_store.h"
#include "broker/history/history_store.h"
#include "broker/registration/forwarder.h"
#include "broker/registration/registration_store.h"
#include "broker/subscription/subscription_store.h"
#include "broker/tenants.h"

namespace machi::broker {

/// What the broker's handlers on one loop work with.
struct LoopServices {
  EntityStore& entities;
  TenantDirectory& tenants;
  SubscriptionStore& subscriptions;
  HistoryStore& history;
  RegistrationStore& registrations;
  Forwarder& forwarder;
  RequestTokens& tokens;  ///< shared by all loops
};

/// Handlers take `const Services&` and use `services.here()`.
using Services = PerLoop<LoopServices>;

}  // namespace machi::broker
