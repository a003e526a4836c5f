#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "broker/ngsiv2/render.h"
#include "broker/subscription/change_event.h"
#include "broker/subscription/event_scope.h"
#include "broker/subscription/notification_templates.h"
#include "broker/subscription/subscription.h"

namespace machi::broker {

/// The entity of a change as a notification shows it: what of it is shown, patched by `ngsi`, written in one of the
/// attrsFormats. The event must outlive it.
class NotifiedEntity {
 public:
  NotifiedEntity(const ChangeEvent& event, const Notification& notification);

  /// Puts the attributes of `ngsi` first, in the order of their priorities; each computed value enters the scope for
  /// the next. Then id and type.
  void patch(const NotificationTemplates& templates, EventScope& scope, Timestamp now);

  /// Appends the body: `{"subscriptionId":…,"data":[…]}`, or the entity alone in the simplified formats.
  void append_body(std::string& out, std::string_view subscription_id) const;

 private:
  const ChangeEvent& event_;
  AttrsFormat format_;
  ngsiv2::RenderOptions options_{};
  ngsiv2::ChangeNote note_{};
  std::string id_;
  std::string type_;
  std::string document_;
};

}  // namespace machi::broker
