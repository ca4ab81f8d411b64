#include "data/apart.hpp"

#include <numeric>

#include "scalar/core/random.hpp"
#include "scalar/data/csv.hpp"
#include "scalar/data/encoder.hpp"
#include "support/catch.hpp"
#include "support/errors.hpp"

using namespace scalar;
using test::message_of;

namespace {

/// What trees take.
constexpr Encoding plain{.impute = Impute::keep, .scale = Scale::none, .categories = Categories::ordinal};

template <class Number>
Table table_of(std::vector<Number> values) {
  std::vector<double> label(values.size(), 1.0);
  return Table({Column{"id", std::move(values), {}}, Column{"y", std::move(label), {}}}, "y");
}

template <class Number>
std::vector<float> features(const std::vector<Number>& values, const Encoding& encoding = plain) {
  const Table table = table_of(values);
  const Dataset data = Encoder::fit(table, encoding, TargetKind::regression).encode(table);
  std::vector<float> seen;
  for (std::int64_t row = 0; row < data.rows(); ++row) seen.push_back(data.row(row)[0]);
  return seen;
}

/// The features differ by exactly what the values differ by.
template <class Number>
void check_exact(const std::vector<Number>& values) {
  const std::vector<float> seen = features(values);
  for (std::size_t i = 0; i < values.size(); ++i)
    REQUIRE(static_cast<double>(seen[i]) - static_cast<double>(seen[0]) ==
            static_cast<double>(values[i]) - static_cast<double>(values[0]));
}

template <class Number>
std::vector<Number> steps(Number first, Number step, int count) {
  std::vector<Number> values;
  for (int i = 0; i < count; ++i) values.push_back(first + step * static_cast<Number>(i));
  return values;
}

}  // namespace

TEST_CASE("dates, times and keys keep their differences") {
  check_exact(steps<std::int64_t>(20180203, 1, 400));         // dates
  check_exact(steps<std::int64_t>(1700000000, 86400, 300));   // Unix times, a row a day
  check_exact(steps<std::int64_t>(1700000000000, 7, 3000));   // milliseconds
  check_exact(steps<std::int64_t>(-1700000000000, 7, 3000));  // before 1970
  check_exact(steps<double>(1700000000.25, 0.25, 1000));      // fractions of a second
  check_exact(steps<std::int64_t>(1LL << 60, 256, 1000));     // beyond 2^53, where a double holds them
  check_exact(steps<double>(9007199254740000.0, 1.0, 900));   // just below it
  check_exact(steps<double>(0.5, 1.0, 100));
  // All distinct as they are, but the day between, which comes later, would be none.
  check_exact(std::vector<std::int64_t>{20240130, 20240134, 20240131});
  // One stray, such as a zero for "unknown", does not cost the others their digits.
  std::vector<std::int64_t> strays = steps<std::int64_t>(1700000000, 1, 500);
  strays.push_back(0);
  const std::vector<float> seen = features(strays);
  for (std::size_t i = 1; i < 500; ++i) REQUIRE(seen[i] - seen[0] == static_cast<float>(i));
  CHECK(seen[500] < seen[0]);
}

TEST_CASE("numbers that float32 tells apart are left as they are") {
  CHECK(features(std::vector<double>{0.1, 1e-30, 1e30, -7}) == std::vector<float>{0.1f, 1e-30f, 1e30f, -7});
  CHECK(features(std::vector<std::int64_t>{16777216, 3}) == std::vector<float>{16777216, 3});
  // Measured numbers fill all 53 bits; that some neighbors round to one is no reason to move or to refuse them.
  Philox random(3);
  std::vector<double> uniform;
  for (int i = 0; i < 20000; ++i) uniform.push_back(random.uniform());
  const std::vector<float> seen = features(uniform);
  for (std::size_t i = 0; i < seen.size(); ++i) REQUIRE(seen[i] == static_cast<float>(uniform[i]));
}

TEST_CASE("scaled features keep apart what is close together and far from zero") {
  for (const auto& values :
       {steps<double>(20180203, 1, 400), steps<double>(1.7e12, 7, 3000), steps<double>(1e9, 1e-4, 99)}) {
    const std::vector<float> seen = features(values, {});
    for (std::size_t i = 1; i < seen.size(); ++i) REQUIRE(seen[i - 1] < seen[i]);
  }
}

TEST_CASE("a column that cannot be kept apart is refused with two of its values") {
  const auto refused = [](const auto& values, const Encoding& encoding) {
    return message_of(Errc::out_of_range, [&] { features(values, encoding); });
  };
  using Integers = std::vector<std::int64_t>;
  const std::string advice =
      "; take differences from a start, divide it into two columns, make it text, or accept it with Encoding::rounding";
  // A double does not tell these apart, so neither a model nor a server could.
  CHECK(refused(Integers{9007199254740992, 9007199254740993, 5}, plain) ==
        "column \"id\": 9007199254740992 and 9007199254740993 become the same float32 (1 of 3 values are lost so)" +
            advice);
  CHECK(refused(Integers{9007199254740992, 9007199254740993}, {}).find("9007199254740993") != std::string::npos);
  // No one shift serves both ends.
  CHECK(refused(Integers{1, 2, 1LL << 40, (1LL << 40) + 1}, plain).find("column \"id\": ") == 0);
  CHECK(refused(std::vector<double>{1, 2, 1e12, 1e12 + 1}, {}).find("column \"id\": ") == 0);
  Integers many = steps<std::int64_t>(0, 1, 1000);
  many.insert(many.end(), {1LL << 50, (1LL << 50) + 1});
  CHECK(refused(many, plain).find("1125899906842624 and 1125899906842625") != std::string::npos);
  const std::vector<float> accepted = features(
      many,
      {.impute = Impute::keep, .scale = Scale::none, .categories = Categories::ordinal, .rounding = Rounding::accept});
  CHECK(accepted[1000] == accepted[1001]);
}

TEST_CASE("a moved column: unseen and missing values, files, dense batches") {
  const Table table = table_of(steps<std::int64_t>(20180203, 1, 401));
  Encoding filled = plain;
  filled.impute = Impute::median;
  const Encoder encoder = Encoder::fit(table, filled, TargetKind::regression);
  const Encoder again = Encoder::from_json(encoder.to_json());
  CHECK(again.to_json() == encoder.to_json());
  for (const Encoder& one : {encoder, again}) {
    const std::vector<double> unseen{20180203, 20180203 + 200, std::nan(""), 20991231, 0};
    const std::vector<BatchColumn> columns{{.numbers = unseen, .texts = {}}};
    std::vector<float> out(5);
    one.encode(BatchView(columns, 5), MatrixView<float>(out.data(), 5, 1));
    CHECK(out[1] - out[0] == 200);
    CHECK(out[2] == out[1]);  // the median
    CHECK(out[3] - out[0] == 811028);
    CHECK(out[4] == Approx(-20180203).epsilon(1e-4));
    // A float32 says 20180204 for 20180203: the digits would be gone before the encoder sees them.
    CHECK_FALSE(one.is_numeric());
    const std::vector<float> dense{20180204};
    CHECK(message_of(Errc::type_mismatch, [&] {
            one.encode(BatchView(FloatMatrix(dense.data(), 1, 1)), MatrixView<float>(out.data(), 1, 1));
          }).find("float32") != std::string::npos);
  }
  CHECK(Encoder::fit(table_of(std::vector<double>{1, 2}), plain, TargetKind::regression).is_numeric());
  json::Value old = encoder.to_json();
  json::Object changed = old.as_object();
  changed["schema"] = 1;
  CHECK(message_of(Errc::unsupported, [&] { Encoder::from_json(changed); }).find("schema is 1, expected 3") !=
        std::string::npos);
}

TEST_CASE("the sample of distinct values depends on no order and no cut") {
  using Sample = data::DistinctSample<std::int64_t>;
  for (const int count : {10, 65536, 400000}) {
    Sample forward, backward, left, right;
    for (int i = 0; i < count; ++i) {
      forward.add(i * 3LL);
      (i % 3 == 0 ? left : right).add(i * 3LL);
      backward.add((count - 1 - i) * 3LL);
      backward.add((count - 1 - i) * 3LL);
    }
    left.merge(right);
    const std::vector<std::int64_t> kept = forward.sorted();
    CHECK(kept.size() == (std::min)(static_cast<std::size_t>(count), Sample::capacity));
    CHECK(backward.sorted() == kept);
    CHECK(left.sorted() == kept);
    for (const std::int64_t value : kept) REQUIRE((value % 3 == 0 && value < 3LL * count));
    // A uniform sample: its mean is that of all, to five deviations of the mean.
    const double mean = std::accumulate(kept.begin(), kept.end(), 0.0) / static_cast<double>(kept.size());
    CHECK(std::abs(mean / (1.5 * (count - 1)) - 1) < 5 / std::sqrt(3.0 * static_cast<double>(kept.size())));
  }
  data::DistinctSample<double> zeros;
  zeros.add(0.0), zeros.add(-0.0);
  CHECK(zeros.sorted().size() == 1);
}
