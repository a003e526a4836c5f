#include <algorithm>

#include "base/json.h"
#include "broker/model/attribute_types.h"
#include "broker/model/change.h"
#include "broker/model/datetime.h"
#include "broker/model/geometry.h"
#include "broker/model/update_operators.h"

namespace machi::broker {
namespace {

using Kind = AttributeAlteration::Kind;

constexpr std::string_view kExpiry = "dateExpires";

Failure entity_not_found() {
  return fail(ErrorCode::not_found, "The requested entity has not been found. Check type and id", "id");
}

/// The observation time is a metadata for NGSIv2: `observedAt`, or `TimeInstant` as IoT agents write it.
std::optional<Timestamp> observation_time(const std::vector<Metadata>& metadata) {
  for (const std::string_view name : {"observedAt", "TimeInstant"}) {
    const auto it = std::ranges::find(metadata, name, &Metadata::name);
    if (it == metadata.end() || !is_date_type(it->type)) continue;
    if (const auto t = datetime_of(it->value)) return t;
  }
  return {};
}

Metadata to_metadata(const MetadataChange& m) {
  return {m.name, m.type.value_or(std::string(default_type(m.value))), m.value};
}

bool equal(const Metadata& a, const Metadata& b) {
  return a.name == b.name && a.type == b.type && json_equal(a.value, b.value);
}

/// Equal whatever the order.
bool equal(const std::vector<Metadata>& a, const std::vector<Metadata>& b) {
  if (a.size() != b.size()) return false;
  return std::ranges::all_of(a, [&](const Metadata& m) {
    return std::ranges::any_of(b, [&](const Metadata& other) { return equal(m, other); });
  });
}

void put_metadata(std::vector<Metadata>& present, const MetadataChange& m) {
  const auto it = std::ranges::find(present, m.name, &Metadata::name);
  if (it == present.end()) {
    present.push_back(to_metadata(m));
  } else {
    *it = to_metadata(m);
  }
}

/// A moment is kept in its canonical form, wherever it came from. Faces have refused what is none, except where they do
/// not know the type (a value alone).
Result<> settle_date(Attribute& a) {
  if (!is_date_type(a.type) || a.value == "null") return {};
  const auto t = datetime_of(a.value);
  if (!t) return fail(ErrorCode::bad_request, "date has invalid format in attribute value", a.name);
  a.value = '"' + canonical_datetime(*t) + '"';
  return {};
}

/// One change on its way: collects what becomes of the entity. Used once.
class Application {
 public:
  Application(const Entity* current, const EntityChange& change, Timestamp now)
      : current_(current), change_(change), now_(now) {}

  Result<Applied> run();

 private:
  Result<Applied> create();
  Result<Applied> merge();
  Result<Applied> replace();
  Result<Applied> remove_attributes();
  Applied remove_entity();

  void start_from_current();
  Result<> put(const AttributeChange& a);
  Result<std::optional<Attribute>> make(const AttributeChange& a, bool creating) const;
  Result<> update(Attribute& present, const AttributeChange& a);
  Result<Attribute> changed(const Attribute& present, const AttributeChange& a) const;
  Result<> check_location();
  Result<> check_expiry();
  Result<Applied> finish(std::uint8_t alterations);
  Result<> refuse(std::string_view sentence, const std::vector<std::string>& names);
  std::string_view location_prefix(std::string_view attribute) const;

  const Entity* current_;
  const EntityChange& change_;
  Timestamp now_;
  Applied out_;
};

Result<Applied> Application::run() {
  const bool creates = change_.action == ChangeAction::create || change_.action == ChangeAction::upsert ||
                       ((change_.action == ChangeAction::append || change_.action == ChangeAction::append_strict) &&
                        change_.create_missing);
  if (!current_) return creates ? create() : entity_not_found();
  switch (change_.action) {
    case ChangeAction::create:
      return fail(ErrorCode::already_exists, "Already Exists", "id");
    case ChangeAction::upsert:
    case ChangeAction::append:
    case ChangeAction::append_strict:
    case ChangeAction::update:
      return merge();
    case ChangeAction::replace:
      return replace();
    case ChangeAction::remove_entity:
      return remove_entity();
    case ChangeAction::remove_attributes:
      return remove_attributes();
  }
  return fail(ErrorCode::internal, "unknown action");
}

Result<Applied> Application::create() {
  Entity& e = out_.after;
  e.tenant = change_.tenant;
  e.id = change_.id;
  e.type = change_.type.value_or(std::string(kDefaultEntityType));
  e.service_path = change_.service_path;
  e.created = now_;
  for (const AttributeChange& a : change_.attributes) {
    auto made = make(a, true);
    if (!made) return fail(std::move(made.error()));
    if (!*made) continue;
    e.attributes.push_back(std::move(**made));
    out_.altered.push_back({a.name, Kind::created});
  }
  return finish(kEntityCreate);
}

Result<Applied> Application::merge() {
  start_from_current();
  std::vector<std::string> existing;
  std::vector<std::string> missing;
  for (const AttributeChange& a : change_.attributes) {
    const bool exists = current_->find(a.name) != nullptr;
    if (exists && change_.action == ChangeAction::append_strict) {
      existing.push_back(a.name);
    } else if (!exists && change_.action == ChangeAction::update) {
      missing.push_back(a.name);
    } else if (auto done = put(a); !done) {
      return fail(std::move(done.error()));
    }
  }
  if (auto refused = refuse(kAlreadyExist, existing); !refused) return fail(std::move(refused.error()));
  if (auto refused = refuse(kDoNotExist, missing); !refused) return fail(std::move(refused.error()));
  const bool changes = std::ranges::any_of(out_.altered, [](const auto& a) { return a.kind != Kind::touched; });
  return finish(changes || change_.forced ? kEntityChange | kEntityUpdate : kEntityUpdate);
}

Result<Applied> Application::replace() {
  start_from_current();
  std::vector<Attribute> attributes;
  for (const AttributeChange& a : change_.attributes) {
    auto made = make(a, true);
    if (!made) return fail(std::move(made.error()));
    if (!*made) continue;
    const Attribute* const before = current_->find(a.name);
    if (before) {
      out_.altered.push_back({a.name, Kind::value_changed, *before});
    } else {
      out_.altered.push_back({a.name, Kind::created});
    }
    attributes.push_back(std::move(**made));
  }
  for (const Attribute& before : current_->attributes) {
    if (std::ranges::find(attributes, before.name, &Attribute::name) == attributes.end()) {
      out_.altered.push_back({before.name, Kind::removed, before});
    }
  }
  out_.after.attributes = std::move(attributes);
  return finish(kEntityChange | kEntityUpdate);
}

Result<Applied> Application::remove_attributes() {
  start_from_current();
  std::vector<std::string> missing;
  for (const AttributeChange& a : change_.attributes) {
    const auto it = std::ranges::find(out_.after.attributes, a.name, &Attribute::name);
    if (it == out_.after.attributes.end()) {
      missing.push_back(a.name);
      continue;
    }
    out_.altered.push_back({a.name, Kind::removed, std::move(*it)});
    out_.after.attributes.erase(it);
  }
  if (auto refused = refuse(kDoNotExist, missing); !refused) return fail(std::move(refused.error()));
  return finish(out_.altered.empty() ? kEntityUpdate : kEntityChange | kEntityUpdate);
}

Applied Application::remove_entity() {
  start_from_current();
  ++out_.after.version;
  out_.alterations = kEntityDelete;
  return std::move(out_);
}

void Application::start_from_current() {
  out_.after = *current_;
  out_.altered.reserve(change_.attributes.size());
}

Result<> Application::put(const AttributeChange& a) {
  if (Attribute* const present = out_.after.find(a.name)) return update(*present, a);
  auto made = make(a, false);
  if (!made) return fail(std::move(made.error()));
  if (*made) {
    out_.after.attributes.push_back(std::move(**made));
    out_.altered.push_back({a.name, Kind::created});
  }
  return {};
}

Result<std::optional<Attribute>> Application::make(const AttributeChange& a, bool creating) const {
  Attribute out{.name = a.name, .created = now_, .modified = now_};
  if (a.operators.empty()) {
    out.value = a.value.value_or("null");
  } else {
    const OperatorTarget target{nullptr, a.type && is_date_type(*a.type), creating};
    auto value = apply_operators(target, a.operators);
    if (!value) return fail(std::move(value.error()));
    if (!*value) return std::nullopt;
    out.value = std::move(**value);
  }
  out.type = a.type.value_or(std::string(default_type(out.value)));
  out.kind = kind_of_type(out.type);
  for (const MetadataChange& m : a.metadata) put_metadata(out.metadata, m);
  out.observed = a.observed ? a.observed : observation_time(out.metadata);
  return out;
}

/// What the present attribute becomes.
Result<Attribute> Application::changed(const Attribute& present, const AttributeChange& a) const {
  Attribute next = present;
  if (!a.operators.empty()) {
    const OperatorTarget target{&present.value, is_date_type(a.type.value_or(present.type)), false};
    auto value = apply_operators(target, a.operators);
    if (!value) return fail(std::move(value.error()));
    if (*value) next.value = std::move(**value);
  } else if (a.value) {
    next.value = *a.value;
  }
  if (a.type) {
    next.type = *a.type;
    next.kind = kind_of_type(next.type);
  }
  if (a.value) {
    if (auto settled = settle_date(next); !settled) return fail(std::move(settled.error()));
  }
  if (change_.override_metadata) next.metadata.clear();
  for (const MetadataChange& m : a.metadata) put_metadata(next.metadata, m);
  next.observed = a.observed ? a.observed : observation_time(next.metadata);
  return next;
}

Result<> Application::update(Attribute& present, const AttributeChange& a) {
  auto next = changed(present, a);
  if (!next) return fail(std::move(next.error()));
  const bool value_changes =
      change_.forced || !a.operators.empty() || next->type != present.type || !json_equal(next->value, present.value);
  const bool metadata_changes = !equal(next->metadata, present.metadata);
  if (!value_changes && !metadata_changes) {
    out_.altered.push_back({a.name, Kind::touched});
    return {};
  }
  next->modified = now_;
  const Kind kind = value_changes ? Kind::value_changed : Kind::metadata_changed;
  out_.altered.push_back({a.name, kind, std::exchange(present, std::move(*next))});
  return {};
}

std::string_view Application::location_prefix(std::string_view attribute) const {
  if (change_.action == ChangeAction::update || change_.action == ChangeAction::replace || !current_) {
    return "error parsing location attribute: ";
  }
  if (!current_->find(attribute)) return "error parsing location attribute for new attribute: ";
  if (std::ranges::none_of(current_->attributes, is_location)) {
    return "error parsing location attribute for existing attribute: ";
  }
  return "error parsing location attribute: ";
}

/// One location an entity, and each that the request brings must be a place.
Result<> Application::check_location() {
  const auto& attributes = out_.after.attributes;
  for (const AttributeAlteration& altered : out_.altered) {
    if (altered.kind == Kind::removed || altered.kind == Kind::touched) continue;
    const Attribute* const a = out_.after.find(altered.name);
    if (!a || !is_location(*a)) continue;
    if (std::ranges::count_if(attributes, is_location) > 1) {
      return fail(
          ErrorCode::no_resources,
          "You cannot use more than one geo location attribute when creating an entity. Use ignoreType metadata "
          "if you want to add additional informative locations.",
          a->name);
    }
    if (const auto geometry = geometry_of(*a); !geometry) {
      const bool whole = geometry.error().message == "Wrong GeoJson";
      return fail(ErrorCode::bad_request,
                  whole ? geometry.error().message : std::string(location_prefix(a->name)) + geometry.error().message,
                  a->name);
    }
  }
  return {};
}

Result<> Application::check_expiry() {
  Entity& e = out_.after;
  e.expires.reset();
  const Attribute* const expiry = e.find(kExpiry);
  if (!expiry) return {};
  if (is_date_type(expiry->type)) {
    e.expires = datetime_of(expiry->value);
    return {};
  }
  const bool named = std::ranges::find(change_.attributes, kExpiry, &AttributeChange::name) != change_.attributes.end();
  if (!named) return {};
  return fail(ErrorCode::bad_request, "error processing date expiration attribute, see log traces",
              std::string(kExpiry));
}

Result<Applied> Application::finish(std::uint8_t alterations) {
  if (auto checked = check_location(); !checked) return fail(std::move(checked.error()));
  if (auto checked = check_expiry(); !checked) return fail(std::move(checked.error()));
  out_.alterations = alterations;
  ++out_.after.version;
  if (out_.changes_state()) out_.after.modified = now_;
  return std::move(out_);
}

/// Notes what was refused. All of the request refused: nothing is applied, the refusal is the answer.
Result<> Application::refuse(std::string_view sentence, const std::vector<std::string>& names) {
  if (names.empty()) return {};
  std::string subject = entity_label(change_) + " - [ ";
  for (const std::string& name : names) {
    if (&name != names.data()) subject += ", ";
    subject += name;
  }
  subject += " ]";
  const bool all = names.size() == change_.attributes.size();
  Error error{all ? ErrorCode::unprocessable : ErrorCode::partial_update, std::string(sentence) + subject, subject};
  if (all) return fail(std::move(error));
  out_.refused = std::move(error);
  return {};
}

}  // namespace

std::string entity_label(const EntityChange& change) {
  return change.type ? change.id + "/" + *change.type : change.id;
}

Result<Applied> apply(const Entity* current, const EntityChange& change, Timestamp now) {
  return Application(current, change, now).run();
}

}  // namespace machi::broker
