#include "exporter/sources/source_counts.h"

#include <gtest/gtest.h>

namespace backstay::sources {
namespace {

using formats::AccessEvent;
using formats::LogMessage;
using formats::RejectReason;

std::uint64_t rejected(const LineCounts& counts, RejectReason reason) {
  return counts.rejected[static_cast<std::size_t>(reason)];
}

AccessEvent with_in_flight(std::uint32_t requests) {
  AccessEvent event;
  event.in_flight = requests;
  return event;
}

TEST(LineCountsTest, EveryLineCountsAndWhatIsNoneIsCountedByReason) {
  LineCounts counts;
  counts.take(AccessEvent());
  counts.take(LogMessage());
  counts.take(RejectReason::empty);
  counts.take(RejectReason::empty);
  counts.take_too_long();
  EXPECT_EQ(counts.lines, 5u);
  EXPECT_EQ(rejected(counts, RejectReason::empty), 2u);
  EXPECT_EQ(rejected(counts, RejectReason::too_long), 1u);
  EXPECT_EQ(rejected(counts, RejectReason::no_time), 0u);
}

TEST(LineCountsTest, RequestsInFlightAreThoseOfTheLastLineThatSaysIt) {
  LineCounts counts;
  EXPECT_FALSE(counts.in_flight);
  counts.take(with_in_flight(7));
  counts.take(with_in_flight(3));
  counts.take(AccessEvent());
  EXPECT_EQ(counts.in_flight, 3u);
  LineCounts silent;
  silent.take(AccessEvent());
  counts.merge(silent);
  EXPECT_EQ(counts.in_flight, 3u);
  LineCounts later;
  later.take(with_in_flight(9));
  counts.merge(later);
  EXPECT_EQ(counts.in_flight, 9u);
  EXPECT_EQ(counts.lines, 5u);
}

TEST(SourceCountsTest, ARestartGoesOnWhereItWas) {
  SourceCounts before;
  before.name = "/var/log/access.log";
  before.lines.take(AccessEvent());
  before.lines.take(RejectReason::bad_status);
  before.files_before = {1, 2, 3, 4};
  before.files.rotations = 10;
  before.files.truncations = 20;
  before.files.lines_too_long = 30;
  before.files.files_lost = 40;
  before.places.push_back({"/var/log/access.log", 8, 15, 0, 0, 4711});
  RecordWriter writer;
  before.save(writer);
  const std::string record = std::move(writer).take();

  RecordReader reader(record);
  SourceCounts after;
  after.name = reader.text();
  after.load(reader);
  ASSERT_TRUE(reader.is_good());
  EXPECT_TRUE(reader.is_at_end());
  EXPECT_EQ(after.name, before.name);
  EXPECT_EQ(after.lines.lines, 2u);
  EXPECT_EQ(rejected(after.lines, RejectReason::bad_status), 1u);
  EXPECT_EQ(after.places, before.places);
  const FileCounts files = after.all_files();
  EXPECT_EQ(files.rotations, 11u);
  EXPECT_EQ(files.truncations, 22u);
  EXPECT_EQ(files.lines_too_long, 33u);
  EXPECT_EQ(files.files_lost, 44u);
}

}  // namespace
}  // namespace backstay::sources
