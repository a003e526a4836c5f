#pragma once
#include <string>
#include <string_view>
#include <unordered_map>

#include "broker/expression/expression.h"
#include "broker/subscription/change_event.h"

namespace machi::broker {

/// The identifiers of expressions about a change ("Macro substitution" and "Metadata support" of Orion's manual): id,
/// type, the attributes with the built-in ones, `metadata` (attribute → metadata → value, with the built-in ones),
/// service, servicePath and authToken. Values are read when they are first asked for. Not to be shared between threads.
class EventScope : public Scope {
 public:
  /// `event` must outlive the scope. The token is that of the request, where it is still at hand.
  explicit EventScope(const ChangeEvent& event, std::string_view auth_token = {})
      : event_(event), auth_token_(auth_token) {}

  [[nodiscard]] const Json* find(std::string_view name) const override;
  /// Puts a computed value in place of whatever had this name.
  void set(std::string_view name, Json value) { known_.insert_or_assign(std::string(name), std::move(value)); }

 private:
  [[nodiscard]] std::optional<Json> read(std::string_view name) const;
  [[nodiscard]] Json all_metadata() const;

  const ChangeEvent& event_;
  std::string auth_token_;
  mutable std::unordered_map<std::string, Json> known_{};  // nodes stay where they are: find hands out pointers
};

}  // namespace machi::broker
