#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/subscription/subscription.h"
#include "broker/subscription/text_template.h"

namespace machi::broker {

/// A text of a custom notification, and what it was parsed to: nothing when a macro is not closed.
struct NotificationText {
  explicit NotificationText(std::string given) : text(std::move(given)), parsed(TextTemplate::parse(text)) {}
  std::string text;
  std::optional<TextTemplate> parsed;
};

/// An attribute of `ngsi` and its value as a template.
struct PatchTemplate {
  PatchAttribute attribute;
  JsonTemplate value;
};

/// The texts of a custom notification, parsed: once when the subscription is read, not for each notification.
struct NotificationTemplates {
  explicit NotificationTemplates(const Notification& notification);

  NotificationText url;
  NotificationText topic;
  NotificationText payload;
  std::vector<std::pair<NotificationText, NotificationText>> query;
  std::vector<std::pair<NotificationText, NotificationText>> headers;
  JsonTemplate json;
  NotificationText patched_id;
  NotificationText patched_type;
  std::vector<PatchTemplate> patch;  ///< in the order in which they are evaluated
};

}  // namespace machi::broker
