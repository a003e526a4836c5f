#include "broker/subscription/change_event.h"

#include <gtest/gtest.h>

#include "broker/store/alteration_detail.h"
#include "broker/subscription/events.h"

namespace machi::broker {
namespace {

using testing::attribute;
using testing::EventBuilder;
using testing::kCreated;
using testing::kNow;

TEST(ChangeEvent, IsReadFromARowOfTheLog) {
  const ChangeEvent written =
      EventBuilder().changed(attribute("A", "Number", "1"), "0").has(attribute("B", "Text", "\"b\""));
  const std::string document = to_document(written.entity.attributes);
  const std::string detail = alteration_detail(written.entity, written.altered, "before");
  core::LogEntry entry;
  entry.recorded = kNow;
  entry.tenant = 7;
  entry.entity_key = 8;
  entry.version = 9;
  entry.alterations = kEntityChange | kEntityUpdate;
  entry.id = "E";
  entry.type = "T";
  entry.service_path = "/p";
  entry.correlator = "now";
  entry.document = document;
  entry.detail = detail;
  const auto event = read_change_event(entry, "acme");
  ASSERT_TRUE(event);
  EXPECT_EQ(event->tenant, "acme");
  EXPECT_EQ(event->entity.tenant, TenantId{7});
  EXPECT_EQ(event->entity.service_path, "/p");
  EXPECT_EQ(event->entity.created, kCreated);
  EXPECT_EQ(event->entity.attributes, written.entity.attributes);
  ASSERT_NE(event->alteration_of("A"), nullptr);
  EXPECT_EQ(event->alteration_of("A")->before->value, "0");
  EXPECT_EQ(event->alteration_of("B"), nullptr);
  EXPECT_EQ(event->previous_correlator, "before");
  EXPECT_EQ(event->alteration_type(), "entityChange");

  entry.document = "[";
  EXPECT_FALSE(read_change_event(entry, ""));
}

TEST(ChangeEvent, NamesTheAlteration) {
  const auto name = [](std::uint8_t bits) { return std::string(ChangeEvent(EventBuilder(bits)).alteration_type()); };
  EXPECT_EQ(name(kEntityCreate), "entityCreate");
  EXPECT_EQ(name(kEntityChange | kEntityUpdate), "entityChange");
  EXPECT_EQ(name(kEntityUpdate), "entityUpdate");
  EXPECT_EQ(name(kEntityDelete), "entityDelete");
}

TEST(ChangeEvent, RootOfACorrelator) {
  EXPECT_EQ(correlator_root("x; cbnotif=1; cbnotif=2"), "x");
  EXPECT_EQ(correlator_root("x"), "x");
}

}  // namespace
}  // namespace machi::broker
