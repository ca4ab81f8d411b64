#include "scalar/data/table.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <numeric>
#include <set>

#include "scalar/core/error.hpp"
#include "support/catch.hpp"
#include "support/errors.hpp"

using namespace scalar;
using test::code_of;

namespace {

Table numbered(std::int64_t rows) {
  std::vector<std::int64_t> values(static_cast<std::size_t>(rows));
  std::iota(values.begin(), values.end(), 0);
  return Table({Column{"n", std::move(values), {}}});
}

std::vector<std::int64_t> rows_of(const Table& table) {
  std::vector<std::int64_t> rows;
  for (std::int64_t i = 0; i < table.rows(); ++i)
    rows.push_back(static_cast<std::int64_t>(table.column("n").number(table.stored_row(i))));
  return rows;
}

using Rows = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("a table checks its columns") {
  const double nan_value = std::numeric_limits<double>::quiet_NaN();
  const Table table(
      {Column{"a", std::vector<double>{1, nan_value}, {}}, Column{"t", TextValues{{"x"}, {0, 9}}, {1, 0}}}, "t");
  CHECK(table.rows() == 2);
  CHECK(table.label() == "t");
  CHECK(table.find("t") == 1);
  CHECK(table.find("u") == -1);
  CHECK(table.column("a").is_missing(1));  // a NaN is a missing value
  CHECK_FALSE(table.column("a").is_missing(0));
  CHECK(table.column("t").text(1).empty());
  CHECK(code_of([&] { table.column("a").text(0); }) == Errc::type_mismatch);
  CHECK(code_of([&] { table.column("t").number(0); }) == Errc::type_mismatch);
  CHECK(code_of([&] { table.column("u"); }) == Errc::not_found);
  CHECK(code_of([&] { table.column(2); }) == Errc::out_of_range);
  CHECK(code_of([] {
          Table({Column{"a", std::vector<double>{1}, {}}, Column{"b", std::vector<double>{}, {}}});
        }) == Errc::shape_mismatch);
  CHECK(code_of([] { Table({Column{"a", std::vector<double>{1}, {1, 1}}}); }) == Errc::shape_mismatch);
  CHECK(code_of([] { Table({Column{"a", TextValues{{"x"}, {1}}, {}}}); }) == Errc::shape_mismatch);
  CHECK(code_of([] {
          Table({Column{"a", std::vector<double>{1}, {}}, Column{"a", std::vector<double>{1}, {}}});
        }) == Errc::already_exists);
  CHECK(code_of([] { Table({Column{"a", std::vector<double>{1}, {}}}, "b"); }) == Errc::not_found);
  CHECK(Table().rows() == 0);
  CHECK(Table().label().empty());
  CHECK(code_of([] { Table().column("a"); }) == Errc::not_found);
}

TEST_CASE("columns are selected and labeled without copies") {
  const Table table({Column{"a", std::vector<double>{1}, {}}, Column{"b", std::vector<double>{2}, {}}}, "b");
  const std::vector<std::string> names{"b", "a"}, one{"a"};
  CHECK(table.select(names).column(0).name == "b");
  CHECK(table.select(names).label() == "b");
  CHECK(table.select(one).label().empty());
  CHECK(&table.select(one).column("a") == &table.column("a"));
  CHECK(table.with_label("a").label() == "a");
  CHECK(table.with_label("").label().empty());
  CHECK(table.label() == "b");
  CHECK(code_of([&] { table.with_label("c"); }) == Errc::not_found);
}

TEST_CASE("rows are selected, and selections of selections") {
  const Table table = numbered(10);
  CHECK(rows_of(table.slice(3, 4)) == Rows{3, 4, 5, 6});
  CHECK(rows_of(table.slice(3, 4).slice(1, 2)) == Rows{4, 5});
  CHECK(rows_of(table.take({9, 0, 9})) == Rows{9, 0, 9});
  CHECK(rows_of(table.slice(5, 5).take({4, 0}).slice(1, 1)) == Rows{5});
  CHECK(table.slice(10, 0).empty());
  for (const auto& [first, count] :
       std::vector<std::pair<std::int64_t, std::int64_t>>{{-1, 2}, {0, 11}, {11, 0}, {1, -1}, {9, 2}})
    CHECK(code_of([&, f = first, c = count] { table.slice(f, c); }) == Errc::out_of_range);
  CHECK(code_of([&] { table.take({10}); }) == Errc::out_of_range);
  CHECK(code_of([&] { table.slice(2, 3).take({3}); }) == Errc::out_of_range);
  Rows shuffled = rows_of(table.shuffle(1));
  CHECK(shuffled == rows_of(table.shuffle(1)));
  CHECK(shuffled != rows_of(table.shuffle(2)));
  std::sort(shuffled.begin(), shuffled.end());
  CHECK(shuffled == rows_of(table));
}

TEST_CASE("splits, shards and folds cover every row once") {
  const Table table = numbered(103);
  const auto [train, test] = table.split({.test = 0.25, .seed = 5});
  CHECK(test.rows() == 26);
  std::multiset<std::int64_t> all;
  for (const Table& part : {train, test})
    for (const std::int64_t row : rows_of(part)) all.insert(row);
  CHECK(all.size() == 103);
  CHECK(std::set<std::int64_t>(all.begin(), all.end()).size() == 103);
  CHECK(rows_of(table.split({.test = 0.25, .seed = 5}).test) == rows_of(test));
  for (const double share : {0.0, 1.0, -1.0, 0.001, std::numeric_limits<double>::quiet_NaN()})
    CHECK(code_of([&] { table.split({.test = share}); }) == Errc::invalid_argument);

  Rows joined;
  for (int rank = 0; rank < 4; ++rank)
    for (const std::int64_t row : rows_of(table.shard(rank, 4))) joined.push_back(row);
  CHECK(joined == rows_of(table));
  CHECK(numbered(2).shard(3, 4).empty());
  CHECK(code_of([&] { table.shard(4, 4); }) == Errc::invalid_argument);

  const auto folds = table.folds(5, 1);
  std::set<std::int64_t> tested;
  for (const auto& fold : folds) {
    CHECK(fold.train.rows() + fold.test.rows() == 103);
    const Rows train_rows = rows_of(fold.train);
    const std::set<std::int64_t> train_set(train_rows.begin(), train_rows.end());
    for (const std::int64_t row : rows_of(fold.test)) {
      CHECK(train_set.count(row) == 0);
      CHECK(tested.insert(row).second);
    }
  }
  CHECK(tested.size() == 103);
  CHECK(code_of([&] { table.folds(1); }) == Errc::invalid_argument);
  CHECK(code_of([&] { table.folds(104); }) == Errc::invalid_argument);
}

TEST_CASE("a shuffle favors no order") {
  // All 6 orders of 3 rows, 6000 draws: chi-squared with 5 degrees of freedom is below 20.5 but once in 1000.
  std::map<Rows, int> counts;
  for (std::uint64_t seed = 0; seed < 6000; ++seed) ++counts[rows_of(numbered(3).shuffle(seed))];
  REQUIRE(counts.size() == 6);
  double chi = 0;
  for (const auto& [order, count] : counts) chi += (count - 1000.0) * (count - 1000.0) / 1000.0;
  CHECK(chi < 20.5);
}

TEST_CASE("one column may hold the weights of the rows") {
  const auto made = [](Column column) {
    return Table({Column{"x", std::vector<double>{1, 2, 3}, {}}, std::move(column)}, "x", "w");
  };
  const Table table = made(Column{"w", std::vector<double>{0.5, 0, 1e300}, {}});
  CHECK(table.weight() == "w");
  CHECK(table.weights() == std::vector<double>{0.5, 0, 1e300});
  CHECK(table.take({2, 0}).weights() == std::vector<double>{1e300, 0.5});
  CHECK(table.folds(3)[0].train.weight() == "w");
  CHECK(table.with_weight("").weights().empty());
  CHECK(table.with_weight("").with_weight("w").weight() == "w");
  const std::vector<std::string> both{"w", "x"}, one{"x"};
  CHECK(table.select(both).weight() == "w");
  CHECK(table.select(one).weight().empty());
  CHECK(Table().weights().empty());
  CHECK(made(Column{"w", std::vector<std::int64_t>{3, 2, 1}, {}}).weights() == std::vector<double>{3, 2, 1});

  CHECK(code_of([&] { table.with_weight("v"); }) == Errc::not_found);
  CHECK(code_of([&] { table.with_weight("x"); }) == Errc::invalid_argument);
  CHECK(code_of([&] { table.with_label("w"); }) == Errc::invalid_argument);
  const auto refused = [](Errc code, const Table& wrong) {
    return test::message_of(code, [&] { (void)wrong.weights(); });
  };
  const double nan_value = std::numeric_limits<double>::quiet_NaN();
  CHECK(refused(Errc::out_of_range, made(Column{"w", std::vector<double>{1, 1, -0.25}, {}})) ==
        "column \"w\", row 2: the weight is -0.25, expected a finite number not below 0");
  CHECK(refused(Errc::out_of_range, made(Column{"w", std::vector<double>{1, nan_value, 1}, {}}).slice(1, 2)) ==
        "column \"w\", row 0: the weight is missing, expected a finite number not below 0");
  CHECK(refused(Errc::out_of_range,
                made(Column{"w", std::vector<double>{std::numeric_limits<double>::infinity(), 1, 1}, {}}))
            .find("the weight is inf") != std::string::npos);
  CHECK(refused(Errc::type_mismatch, made(Column{"w", TextValues{{"a"}, {0, 0, 0}}, {}})) ==
        "column \"w\": expected weights, which are numbers, got text");
}
