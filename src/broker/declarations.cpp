#include "broker/declarations.h"

namespace machi::broker {
namespace {

using core::FieldType;
using core::ResourceDeclaration;
using core::ResourceField;
using core::ResourceStatements;

constexpr std::int64_t kCentury = 100LL * 366 * 24 * 3600;

// The default tenant has no name; `default-tenant` is none that Fiware-Service could carry. Members of `settings` that
// are not declared here stay as they are.
#define MACHI_TENANT_ID "case name when '' then 'default-tenant' else name end"
#define MACHI_TENANT_NAME "case $3::text when 'default-tenant' then '' else $3::text end"
#define MACHI_TENANT_COLUMNS                                                                     \
  "select " MACHI_TENANT_ID ", (settings || jsonb_build_object('name', " MACHI_TENANT_ID         \
  "))::text, '{}', revision, created, modified, modified_by from machi.tenant where $1::int = 0" \
  " and $2::text is not null"

const ResourceStatements kTenantTable{
    .list = {"tenant_resource_list", MACHI_TENANT_COLUMNS " order by name limit $3::bigint offset $4::bigint"},
    .count = {"tenant_resource_count", "select count(*) from machi.tenant where $1::int = 0 and $2::text is not null"},
    .get = {"tenant_resource_get", MACHI_TENANT_COLUMNS " and name = " MACHI_TENANT_NAME},
    .lock = {"tenant_resource_lock", MACHI_TENANT_COLUMNS " and name = " MACHI_TENANT_NAME " for update"},
    .insert = {"tenant_resource_insert",
               "insert into machi.tenant (name, settings, modified_by) select " MACHI_TENANT_NAME
               ", $4::jsonb - 'name', $5::text where $1::int = 0 and $2::text is not null"},
    .update = {"tenant_resource_update", R"(
  update machi.tenant
  set settings = (settings - '{unique_entity_ids,forbidden_characters}'::text[]) || ($4::jsonb - 'name'),
    modified_by = $5::text, modified = now(), revision = revision + 1
  where $1::int = 0 and $2::text is not null and name = )" MACHI_TENANT_NAME},
    .remove = {"tenant_resource_remove",
               "delete from machi.tenant where false and $1::int = 0 and $2::text = $3::text"},
};

#undef MACHI_TENANT_ID
#undef MACHI_TENANT_NAME
#undef MACHI_TENANT_COLUMNS

// The state is that of the attribute's indexes, which all tenants share: `waiting` until the job has built what this
// declaration needs.
#define MACHI_INDEXED_COLUMNS \
  R"(
  select r.name, r.document::text, json_strip_nulls(json_build_object(
      'state', case
        when i.state is null then 'waiting'
        when i.state = 'ready' and ((r.document ->> 'value_kind' <> 'text' and not i.ordinal)
          or (r.document ->> 'value_kind' in ('any', 'text') and not i.texts)) then 'waiting'
        else i.state end,
      'state_reason', i.reason, 'state_changed', i.changed))::text,
    r.revision, r.created, r.modified, r.modified_by
  from machi.resource r left join machi.attribute_index i on i.attribute = r.document ->> 'attribute'
  where r.tenant = $1::int and r.kind = $2::text)"

const ResourceStatements kIndexedAttributeTable{
    .list = {"indexed_attribute_list", MACHI_INDEXED_COLUMNS " order by r.name limit $3::bigint offset $4::bigint"},
    .count = core::kResourceTable.count,
    .get = {"indexed_attribute_get", MACHI_INDEXED_COLUMNS " and r.name = $3::text"},
    .lock = core::kResourceTable.lock,
    .insert = core::kResourceTable.insert,
    .update = core::kResourceTable.update,
    .remove = core::kResourceTable.remove,
};

#undef MACHI_INDEXED_COLUMNS

ResourceField type_field() {
  return {.name = "type",
          .label = {"エンティティの型", "Entity type"},
          .help = {"対象とするエンティティの型。* はすべての型", "type of the entities that this is about; * for all"},
          .required = true,
          .shortest = 1};
}

ResourceDeclaration tenants() {
  return {
      .kind = "tenant",
      .path = "tenants",
      .singular = "Tenant",
      .plural = "Tenants",
      .label = {"テナント", "Tenant"},
      .help = {"データを互いに分ける区画。HTTPヘッダー Fiware-Service で選ぶ",
               "A compartment of data of its own, chosen by the header Fiware-Service"},
      .key = {"name"},
      .fields = {{.name = "name",
                  .label = {"名前", "Name"},
                  .help = {"英小文字、数字、下線。既定のテナントは default-tenant",
                           "lower-case letters, digits and underscores; default-tenant is the one without a name"},
                  .required = true,
                  .shortest = 1,
                  .longest = 50,
                  .pattern = "[a-z0-9_]+|default-tenant"},
                 {.name = "unique_entity_ids",
                  .type = FieldType::boolean,
                  .label = {"IDの一意性", "Unique entity ids"},
                  .help = {"同じIDで型やサービスパスの違うエンティティを拒む。指定がなければ設定 "
                           "tenants.unique_entity_ids に従う",
                           "refuses a second entity of the same id with another type or service path; without it, the "
                           "setting tenants.unique_entity_ids counts"}},
                 {.name = "forbidden_characters",
                  .label = {"使えない文字", "Forbidden characters"},
                  .help = {"orion: NGSIv2で < > \" ' = ; ( ) を拒む。none: 拒まない。指定がなければ設定 "
                           "ngsiv2.forbidden_characters に従う",
                           "orion: NGSIv2 refuses < > \" ' = ; ( ) as Orion does; none: it takes them; without it, the "
                           "setting ngsiv2.forbidden_characters counts"},
                  .one_of = {"none", "orion"}}},
      .per_tenant = false,
      .removable = false,
      .read = net::Permission("resources.tenants.read"),
      .write = net::Permission("resources.tenants.write"),
      .statements = &kTenantTable};
}

ResourceDeclaration indexed_attributes() {
  return {
      .kind = "indexed_attribute",
      .path = "indexed-attributes",
      .singular = "IndexedAttribute",
      .plural = "IndexedAttributes",
      .label = {"索引付き属性", "Indexed attribute"},
      .help = {"q での検索を索引で速くする属性。よく絞り込みに使うものを宣言し、測定値のように頻繁に変わるものは避ける",
               "An attribute that q filters by through an index. Declare what is filtered, not what is measured: an "
               "index makes every change of the attribute dearer"},
      .key = {"type", "attribute"},
      .fields = {type_field(),
                 {.name = "attribute",
                  .label = {"属性", "Attribute"},
                  .help = {"属性の名前", "name of the attribute"},
                  .required = true,
                  .shortest = 1,
                  .none_of = {"id", "type", "servicePath", "dateCreated", "dateModified", "dateExpires"}},
                 {.name = "value_kind",
                  .label = {"値の種類", "Kind of value"},
                  .help = {"比べる値の種類。必要な索引だけを作る",
                           "what it is compared with; only the indexes for that are built"},
                  .fallback = Json("any"),
                  .one_of = {"any", "number", "date", "text"}},
                 {.name = "state",
                  .label = {"状態", "State"},
                  .help = {"waiting: 待機中、building: 作成中、ready: 使用中、failed: 失敗",
                           "waiting, building, ready, or failed with a reason"},
                  .read_only = true,
                  .one_of = {"waiting", "building", "ready", "failed"}},
                 {.name = "state_reason",
                  .label = {"失敗の理由", "Reason"},
                  .help = {"作成に失敗した理由", "why it could not be built"},
                  .read_only = true},
                 {.name = "state_changed",
                  .label = {"状態の変更日時", "State since"},
                  .help = {"状態が変わった日時", "when the state changed"},
                  .read_only = true}},
      .read = net::Permission("resources.indexed-attributes.read"),
      .write = net::Permission("resources.indexed-attributes.write"),
      .statements = &kIndexedAttributeTable};
}

ResourceDeclaration history_retentions() {
  return {.kind = "history_retention",
          .path = "history-retentions",
          .singular = "HistoryRetention",
          .plural = "HistoryRetentions",
          .label = {"履歴の保存期間", "History retention"},
          .help = {"型ごとの履歴の保存期間。宣言のない型は * の宣言、それもなければ設定 history.keep に従う",
                   "How long the history of a type is kept. Types without one follow *, and without that the setting "
                   "history.keep"},
          .key = {"type"},
          .fields = {type_field(),
                     {.name = "keep_seconds",
                      .type = FieldType::integer,
                      .label = {"保存期間(秒)", "Kept for (seconds)"},
                      .help = {"これより古い値は消える。0 は無期限", "older values are removed; 0 keeps them for ever"},
                      .required = true,
                      .least = 0,
                      .most = kCentury}},
          .read = net::Permission("resources.history-retentions.read"),
          .write = net::Permission("resources.history-retentions.write")};
}

}  // namespace

std::vector<ResourceDeclaration> declarations() {
  return {tenants(), indexed_attributes(), history_retentions()};
}

}  // namespace machi::broker
