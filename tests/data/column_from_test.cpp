#include "scalar/data/column_from.hpp"

#include <list>
#include <map>

#include "scalar/data/table.hpp"
#include "support/catch.hpp"
#include "support/errors.hpp"

using namespace scalar;
using test::message_of;

namespace {

enum class Job { clerk, cook };

struct Person {
  std::int32_t age = 0;
  std::optional<double> income{};
  std::string city{};
  std::optional<Job> job{};
  bool is_member = false;
  std::optional<std::string> note{};

  static constexpr std::string_view name = "person";
  static constexpr auto fields() {
    return std::tuple{field<&Person::age>, field<&Person::income>,    field<&Person::city>,
                      field<&Person::job>, field<&Person::is_member>, field<&Person::note>};
  }
};

}  // namespace

TEST_CASE("structs make a table") {
  const std::vector<Person> people{{39, 1.5, "Ulm", Job::cook, true, ""}, {50, {}, "Bonn", {}, false, {}}};
  const Table table = Table::from(people, "job");
  CHECK(table.rows() == 2);
  CHECK(table.column_count() == 6);
  CHECK(table.label() == "job");
  CHECK(table.column(0).name == "age");
  CHECK(table.column("age").type() == ColumnType::int64);
  CHECK(table.column("age").number(1) == 50);
  CHECK(table.column("age").present.empty());
  CHECK(table.column("income").type() == ColumnType::float64);
  CHECK(table.column("income").is_missing(1));
  CHECK(table.column("city").text(0) == "Ulm");
  CHECK(table.column("job").text(0) == "cook");
  CHECK(table.column("job").is_missing(1));
  CHECK(table.column("is_member").type() == ColumnType::boolean);
  CHECK(table.column("is_member").number(0) == 1);
  CHECK_FALSE(table.column("note").is_missing(0));  // an empty text is a value
  CHECK(table.column("note").is_missing(1));
  CHECK(Table::from(std::list<Person>(people.begin(), people.end())).column("city").text(1) == "Bonn");
  const Table none = Table::from(std::vector<Person>{});
  CHECK(none.column_count() == 6);
  CHECK(none.column("job").type() == ColumnType::text);
  CHECK(message_of(Errc::not_found, [&] { Table::from(people, "height"); }).find("\"height\"") != std::string::npos);
}

TEST_CASE("vectors make columns") {
  CHECK(Column::from("x", std::vector<bool>{true, false}).type() == ColumnType::boolean);
  CHECK(Column::from("x", std::vector<std::uint64_t>{7}).number(0) == 7);
  CHECK(Column::from("x", std::vector<float>{0.5F}).type() == ColumnType::float64);
  CHECK(Column::from("x", std::vector<const char*>{"a", "b", "a"}).text(2) == "a");
  CHECK(Column::from("x", std::vector<std::string_view>{"a"}).text(0) == "a");
  const int array[] = {1, 2, 3};
  CHECK(Column::from("x", array).rows() == 3);
  const Column holes = Column::from("x", std::vector<std::optional<int>>{1, {}, 3});
  CHECK((holes.is_missing(1) && holes.number(2) == 3));
  // A NaN is a missing value once it is in a table.
  const Table table({Column::from("x", std::vector<double>{1, std::numeric_limits<double>::quiet_NaN()})});
  CHECK(table.column("x").is_missing(1));
}

TEST_CASE("values that a column cannot hold are errors") {
  CHECK(message_of(Errc::out_of_range, [] {
          Column::from("id", std::vector<std::uint64_t>{1, std::uint64_t{1} << 63});
        }) == "column \"id\", row 1: 9223372036854775808 is above the largest int64");
  CHECK(message_of(Errc::out_of_range, [] {
          Column::from("job", std::vector{static_cast<Job>(9)});
        }).find("column \"job\", row 0: ") == 0);
}
