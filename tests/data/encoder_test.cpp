#include "scalar/data/encoder.hpp"

#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

#include "data/statistics.hpp"
#include "scalar/core/error.hpp"
#include "scalar/core/random.hpp"
#include "scalar/data/csv.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/errors.hpp"

using namespace scalar;
using test::allocations;

namespace {

constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();

Table small() {
  return data::parse_csv(
      "age,job,score,y\n"
      "20,cook,1.5,no\n"
      "30,baker,,yes\n"
      ",cook,2.5,no\n"
      "40,,5,yes\n",
      {.label = "y"});
}

bool same(std::span<const float> seen, std::vector<float> expected) {
  if (seen.size() != expected.size()) return false;
  for (std::size_t i = 0; i < seen.size(); ++i)
    if (!(seen[i] == Approx(expected[i]).epsilon(1e-6)) && !(std::isnan(seen[i]) && std::isnan(expected[i])))
      return false;
  return true;
}

Errc code_of(const std::function<void()>& call, std::string& what) {
  try {
    call();
  } catch (const Error& error) {
    what = error.what();
    return error.code();
  }
  return Errc::ok;
}

}  // namespace

TEST_CASE("numbers are imputed and scaled, texts become one feature a category") {
  const Encoder encoder = Encoder::fit(small(), {}, TargetKind::classification);
  CHECK(encoder.feature_names() == std::vector<std::string>{"age", "job=baker", "job=cook", "score"});
  CHECK(encoder.classes() == std::vector<std::string>{"no", "yes"});
  CHECK(encoder.label() == "y");
  REQUIRE(encoder.inputs().size() == 3);
  CHECK(encoder.inputs()[1].is_text);
  CHECK_FALSE(encoder.is_numeric());

  const Dataset data = encoder.encode(small());
  // age: 20, 30, 40: mean 30, population deviation sqrt(200 / 3). score: 1.5, 2.5, 5: mean 3, sqrt(6.5 / 3).
  const float a = static_cast<float>(10 / std::sqrt(200.0 / 3)), s = static_cast<float>(1 / std::sqrt(6.5 / 3));
  CHECK(same(data.row(0), {-a, 0, 1, -1.5f * s}));
  CHECK(same(data.row(1), {0, 1, 0, 0}));
  CHECK(same(data.row(2), {0, 0, 1, -0.5f * s}));
  CHECK(same(data.row(3), {a, 0, 0, 2 * s}));
  CHECK(data.target(0) == 0);
  CHECK(data.target(3) == 1);
  CHECK(data.classes() == encoder.classes());
}

TEST_CASE("what trees take: numbers as they are, ordinal categories, missing as NaN") {
  const Encoding plain{.impute = Impute::keep, .scale = Scale::none, .categories = Categories::ordinal};
  const Encoder encoder = Encoder::fit(small(), plain, TargetKind::classification);
  const Dataset data = encoder.encode(small());
  CHECK(same(data.row(0), {20, 1, 1.5}));
  CHECK(same(data.row(1), {30, 0, nan_value}));
  CHECK(same(data.row(2), {nan_value, 1, 2.5}));
  CHECK(same(data.row(3), {40, nan_value, 5}));
}

TEST_CASE("each way to fill a missing number") {
  const auto fill = [](Impute impute) {
    const Table table = data::parse_csv("x,y\n1,0\n2,0\n9,0\n10,0\n,0\n", {.label = "y"});
    const Encoder encoder = Encoder::fit(table, {.impute = impute, .scale = Scale::none}, TargetKind::regression);
    return encoder.encode(table).row(4)[0];
  };
  CHECK(std::isnan(fill(Impute::keep)));
  CHECK(fill(Impute::mean) == 5.5f);
  CHECK(fill(Impute::median) == 5.5f);  // between 2 and 9
  CHECK(fill(Impute::zero) == 0.0f);
}

TEST_CASE("constant and empty columns") {
  const Table table = data::parse_csv("same,none,y\n0.1,,1\n0.1,,2\n0.1,,3\n", {.label = "y"});
  for (const Impute impute : {Impute::mean, Impute::median, Impute::zero, Impute::keep}) {
    const Dataset data = Encoder::fit(table, {.impute = impute}, TargetKind::regression).encode(table);
    CHECK(data.row(1)[0] == 0.0f);
    CHECK((impute == Impute::keep ? std::isnan(data.row(1)[1]) : data.row(1)[1] == 0.0f));
  }
}

TEST_CASE("labels of every type become classes in their order") {
  const auto classes = [](const char* text) {
    return Encoder::fit(data::parse_csv(text, {.label = "y"}), {}, TargetKind::classification).classes();
  };
  using Names = std::vector<std::string>;
  CHECK(classes("x,y\n1,10\n1,9\n1,-2\n") == Names{"-2", "9", "10"});
  CHECK(classes("x,y\n1,1.5\n1,-0.0\n1,0.0\n") == Names{"0", "1.5"});
  CHECK(classes("x,y\n1,true\n1,false\n") == Names{"false", "true"});
  CHECK(classes("x,y\n1,b\n1,B\n1,a\n") == Names{"B", "a", "b"});
}

TEST_CASE("the training rows alone decide") {
  const Table table = data::parse_csv("x,c,y\n1,a,0\n3,b,1\n100,zzz,0\n", {.label = "y"});
  const Encoder encoder = Encoder::fit(table.slice(0, 2), {.scale = Scale::none}, TargetKind::regression);
  CHECK(encoder.feature_names() == std::vector<std::string>{"x", "c=a", "c=b"});
  CHECK(same(encoder.encode(table).row(2), {100, 0, 0}));
}

TEST_CASE("a batch encodes as the table does, without allocating") {
  const Table table = small();
  for (const Categories categories : {Categories::one_hot, Categories::ordinal}) {
    const Encoder encoder = Encoder::fit(table, {.categories = categories}, TargetKind::classification);
    const Dataset expected = encoder.encode(table);
    std::vector<std::vector<double>> numbers(3);
    std::vector<std::string_view> texts;
    for (std::int64_t row = 0; row < table.rows(); ++row) {
      numbers[0].push_back(table.column("age").number(row));
      numbers[2].push_back(table.column("score").number(row));
      texts.push_back(table.column("job").text(row));
    }
    const std::vector<BatchColumn> columns{{numbers[0], {}}, {{}, texts}, {numbers[2], {}}};
    std::vector<float> out(static_cast<std::size_t>(4 * encoder.feature_count()));
    const MatrixView<float> view(out.data(), 4, encoder.feature_count());
    const std::int64_t before = allocations;
    encoder.encode(BatchView(columns, 4), view);
    CHECK(allocations == before);
    for (std::int64_t row = 0; row < 4; ++row) {
      const auto seen = view.row(row);
      const auto wanted = expected.row(row);
      for (std::size_t i = 0; i < seen.size(); ++i)
        CHECK((seen[i] == wanted[i] || (std::isnan(seen[i]) && std::isnan(wanted[i]))));
    }
  }
}

TEST_CASE("an encoder goes through JSON unchanged") {
  for (const Encoding& encoding :
       {Encoding{}, Encoding{.impute = Impute::median, .scale = Scale::none, .unknown = Unknown::error},
        Encoding{.impute = Impute::keep, .categories = Categories::ordinal}}) {
    const Encoder encoder = Encoder::fit(small(), encoding, TargetKind::classification);
    const std::string text = encoder.to_json().dump();
    const Encoder again = Encoder::from_json(json::parse(text));
    CHECK(again.to_json().dump() == text);
    CHECK(again.feature_names() == encoder.feature_names());
    CHECK(again.classes() == encoder.classes());
    const Dataset first = encoder.encode(small()), second = again.encode(small());
    for (std::int64_t row = 0; row < first.rows(); ++row)
      for (std::size_t i = 0; i < first.row(row).size(); ++i) {
        const float a = first.row(row)[i], b = second.row(row)[i];
        CHECK((a == b || (std::isnan(a) && std::isnan(b))));
      }
  }
  const Encoder identity = Encoder::identity({"a", "b"}, {"x", "y"});
  CHECK(Encoder::from_json(identity.to_json()).is_identity());
  CHECK(Encoder::from_json(identity.to_json()).to_json() == identity.to_json());
}

TEST_CASE("a damaged description is refused with its place") {
  const std::string good = Encoder::fit(small(), {}, TargetKind::classification).to_json().dump();
  const auto broken = [&](std::string_view from, std::string_view to, Errc expected = Errc::corrupt) {
    std::string text = good;
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    text.replace(at, from.size(), to);
    std::string what;
    CHECK(code_of([&] { Encoder::from_json(json::parse(text)); }, what) == expected);
    return what;
  };
  CHECK(broken(R"(["baker","cook"])", R"(["cook","cook"])") == "encoder column 1: categories name \"cook\" twice");
  CHECK(broken("\"schema\":3", "\"schema\":1", Errc::unsupported) == "encoder: schema is 1, expected 3");
  CHECK(broken(R"(["no","yes"])", "[]") == "encoder: a classification with 0 classes");
  CHECK(broken("\"deviation\":", "\"deviation\":-").find("deviation is negative") != std::string::npos);
  CHECK(broken("\"deviation\"", "\"deviations\"") == "encoder column 0: JSON object has no key \"deviation\"");
  CHECK(broken("\"type\":\"text\"", "\"type\":\"image\"").find("\"image\"") != std::string::npos);
  CHECK(broken("\"name\":\"score\"", "\"name\":\"age\"") == "encoder column 2: a second column \"age\"");
  std::string what;
  for (const char* text : {"null", "[]", "{}", "3", R"({"schema":3})", R"({"schema":"3"})"})
    CHECK(code_of([&] { Encoder::from_json(json::parse(text)); }, what) == Errc::corrupt);
}

TEST_CASE("bad tables are refused with column and row") {
  std::string what;
  const auto fit = [&](const char* text, TargetKind kind, const Encoding& encoding = {}) {
    return code_of([&] { Encoder::fit(data::parse_csv(text, {.label = "y"}), encoding, kind); }, what);
  };
  CHECK(fit("x,y\n", TargetKind::regression) == Errc::empty);
  CHECK(fit("x,y\n1,2\n2,\n", TargetKind::regression) == Errc::invalid_argument);
  CHECK(what == "column \"y\", row 1: the label is missing");
  CHECK(fit("x,y\n1,a\n2,\n", TargetKind::classification) == Errc::invalid_argument);
  CHECK(what == "column \"y\", row 1: the label is missing");
  CHECK(fit("x,y\n1,a\n", TargetKind::regression) == Errc::invalid_argument);
  CHECK(what.find("text") != std::string::npos);
  CHECK(fit("x,y\n1,1\ninf,2\n", TargetKind::regression) == Errc::invalid_argument);
  CHECK(what == "column \"x\", row 1: an infinity, expected a finite number");
  CHECK(fit("x,y\n1,1\n1,inf\n", TargetKind::regression) == Errc::invalid_argument);
  CHECK(fit("x,y\n1e308,1\n-1e308,2\n", TargetKind::regression) == Errc::out_of_range);
  CHECK(fit("x,y\na,1\nb,2\nc,1\n", TargetKind::regression, {.max_categories = 2}) == Errc::too_large);
  CHECK(what ==
        "column \"x\": it has more than 2 distinct values (max_categories); it is text because of \"a\" at csv:2:1");
  CHECK(fit("x,y\n1,1\n1,2\n1,3\n", TargetKind::classification, {.max_categories = 2}) == Errc::too_large);
  CHECK(fit("x,y\n1,1\n", TargetKind::regression, {.max_categories = 0}) == Errc::out_of_range);
  CHECK(code_of([] { Encoder::fit(data::parse_csv("x\n1\n"), {}, TargetKind::regression); }, what) ==
        Errc::invalid_argument);

  const Encoder encoder = Encoder::fit(small(), {.unknown = Unknown::error}, TargetKind::classification);
  const auto encode = [&](const char* text) { return code_of([&] { encoder.encode(data::parse_csv(text)); }, what); };
  CHECK(encode("age,job,score\n1,cook,2\n1,judge,2\n") == Errc::invalid_argument);
  CHECK(what == "column \"job\", row 1: the category \"judge\" was not in the training data");
  CHECK(encode("age,job\n1,cook\n") == Errc::not_found);
  CHECK(what == "the table has no column \"score\", which the model reads");
  CHECK(encode("age,job,score\nx,cook,2\n") == Errc::type_mismatch);
  CHECK(what == "column \"age\": expected numbers, got text; it is text because of \"x\" at csv:2:1");
  CHECK(encode("age,job,score\n1,7,2\n") == Errc::type_mismatch);
  CHECK(encode("age,job,score,y\n1,cook,2,maybe\n") == Errc::invalid_argument);
  CHECK(what == "column \"y\", row 0: the class \"maybe\" is none of \"no\", \"yes\"");
  CHECK(encode("age,job,score\n1e300,cook,2\n") == Errc::out_of_range);
  CHECK(what == "column \"age\", row 0: a number that no float32 holds");
  CHECK(encode("age,job,score\n,,\n") == Errc::ok);  // a column of missing values has no type
  CHECK(encoder.encode_inputs(data::parse_csv("age,job,score,y\n1,cook,2,maybe\n")).rows() == 1);

  CHECK(code_of([] { Encoder{}.encode(small()); }, what) == Errc::empty);
}

TEST_CASE("bad batches are refused") {
  const Encoder encoder = Encoder::fit(small(), {.unknown = Unknown::error}, TargetKind::classification);
  std::vector<double> numbers{1, 2};
  std::vector<std::string_view> texts{"cook", "judge"};
  std::vector<float> out(8);
  const MatrixView<float> view(out.data(), 2, 4);
  std::string what;
  const auto encode = [&](std::vector<BatchColumn> columns, MatrixView<float> to) {
    return code_of([&] { encoder.encode(BatchView(columns, 2), to); }, what);
  };
  CHECK(encode({{numbers, {}}, {{}, texts}, {numbers, {}}}, view) == Errc::invalid_argument);
  CHECK(what == "column \"job\", row 1: the category \"judge\" was not in the training data");
  CHECK(encode({{numbers, {}}, {numbers, {}}, {numbers, {}}}, view) == Errc::type_mismatch);
  CHECK(what == "input \"job\": expected texts, got numbers");
  CHECK(encode({{numbers, {}}, {{}, texts}}, view) == Errc::shape_mismatch);
  CHECK(encode({{numbers, {}}, {{}, texts}, {std::span(numbers).first(1), {}}}, view) == Errc::shape_mismatch);
  CHECK(encode({{numbers, {}}, {{}, texts}, {numbers, {}}}, {out.data(), 2, 3}) == Errc::shape_mismatch);
  const std::vector<float> dense(6);
  CHECK(code_of([&] { encoder.encode(BatchView(FloatMatrix(dense.data(), 2, 3)), view); }, what) ==
        Errc::type_mismatch);

  const Encoder identity = Encoder::identity({"a", "b"}, {});
  const std::vector<float> values{1, nan_value, std::numeric_limits<float>::infinity(), 2};
  CHECK(code_of(
            [&] {
              identity.encode(BatchView(FloatMatrix(values.data(), 2, 2)), {out.data(), 2, 2});
            },
            what) == Errc::invalid_argument);
  CHECK(what == "column \"a\", row 1: an infinity, expected a finite number");
  identity.encode(BatchView(FloatMatrix(values.data(), 1, 2)), {out.data(), 1, 2});
  CHECK(out[0] == 1);
  CHECK(std::isnan(out[1]));
}

TEST_CASE("statistics of pieces merge to those of the whole") {
  Philox random(3);
  std::vector<double> values;
  for (int i = 0; i < 10'000; ++i) values.push_back(1e6 + random.uniform());
  data::NumberStatistics whole{.with_median = true}, left = whole, right = whole;
  whole.add(values);
  left.add(std::span(values).first(137));
  right.add(std::span(values).subspan(137));
  left.merge(right);
  // Two passes in long double.
  long double mean = 0, squares = 0;
  for (const double value : values) mean += static_cast<long double>(value);
  mean /= 10'000;
  for (const double value : values)
    squares += (static_cast<long double>(value) - mean) * (static_cast<long double>(value) - mean);
  for (const auto& statistics : {whole, left}) {
    CHECK(statistics.count == 10'000);
    CHECK(statistics.mean == Approx(static_cast<double>(mean)).epsilon(1e-14));
    CHECK(statistics.deviation() == Approx(static_cast<double>(std::sqrt(squares / 10'000))).epsilon(1e-10));
  }
  std::sort(values.begin(), values.end());
  CHECK(whole.sketch.median() == Approx((values[4999] + values[5000]) / 2).epsilon(1e-15));
  CHECK(left.sketch.median() == whole.sketch.median());
}

TEST_CASE("the median of many distinct values is within a thousandth of the ranks") {
  constexpr std::int64_t count = 1'000'000;
  data::MedianSketch first, second;
  for (std::int64_t i = 0; i < count; ++i) {
    const double value = static_cast<double>(i * 611'953 % count);  // a permutation: the factor is a prime
    (i % 3 == 0 ? first : second).add(value);
  }
  first.merge(second);
  CHECK(std::fabs(first.median() - count / 2.0) <= count / 1000.0);
}

TEST_CASE("weights are no feature, and nobody asks for them at prediction") {
  const Table table = data::parse_csv("a,w,y\n1,2,0\n3,4,1\n", {.label = "y", .weight = "w"});
  const Encoder encoder = Encoder::fit(table, {}, TargetKind::regression);
  CHECK(encoder.feature_names() == std::vector<std::string>{"a"});
  CHECK(encoder.encode(table).weight(1) == 4);
  CHECK_FALSE(encoder.encode(table.with_weight("")).has_weights());
  CHECK(encoder.encode(data::parse_csv("a\n1\n")).rows() == 1);
  std::string what;
  const Table negative = data::parse_csv("a,w,y\n1,2,0\n3,-4,1\n", {.label = "y", .weight = "w"});
  CHECK(code_of([&] { encoder.encode(negative); }, what) == Errc::out_of_range);
  CHECK(what == "column \"w\", row 1: the weight is -4, expected a finite number not below 0");
  CHECK(encoder.encode_inputs(negative).rows() == 2);
}

TEST_CASE("errors show a text as it was written, and cut a long one") {
  const Encoder encoder = Encoder::fit(data::parse_csv("t,y\na,u\nb,v\n", {.label = "y"}), {.unknown = Unknown::error},
                                       TargetKind::classification);
  const auto fails = [&](const std::string& text) {
    return test::message_of(Errc::invalid_argument,
                            [&] { encoder.encode(Table({Column::from("t", std::vector<std::string>{text})})); });
  };
  CHECK(fails(std::string(1000, 'x')) ==
        "column \"t\", row 0: the category \"" + std::string(60, 'x') + "...\" was not in the training data");
  CHECK(fails(std::string("a\0b\n", 4)) ==
        "column \"t\", row 0: the category \"a\\x00b\\x0a\" was not in the training data");
  CHECK(test::message_of(Errc::invalid_argument, [&] {
          encoder.targets(Table({Column::from("y", std::vector<std::string>{"u\nv"})}));
        }) == "column \"y\", row 0: the class \"u\\x0av\" is none of \"u\", \"v\"");
}

TEST_CASE("fitting and encoding end when asked to, and say how far they are") {
  std::vector<double> values(200'000);
  std::iota(values.begin(), values.end(), 0.0);
  const Table table({Column{"a", values, {}}, Column{"y", values, {}}, Column{"w", values, {}}}, "y", "w");
  const Encoder encoder = Encoder::fit(table, {}, TargetKind::regression);
  const Runtime runtime({.threads = 1});
  const auto fit = [&](const EncodeOptions& options) {
    (void)Encoder::fit(table, {}, TargetKind::regression, runtime, options);
  };
  const auto encode = [&](const EncodeOptions& options) { (void)encoder.encode(table, runtime, options); };
  for (const std::function<void(const EncodeOptions&)>& work : {std::function(fit), std::function(encode)}) {
    std::vector<std::int64_t> seen;
    std::int64_t total = 0;
    work({.stop = {}, .progress = [&](std::int64_t done, std::int64_t all) { seen.push_back(done), total = all; }});
    REQUIRE(seen.size() > 2);
    CHECK(std::is_sorted(seen.begin(), seen.end()));
    CHECK(seen.back() == total);

    std::stop_source stop;
    int calls = 0;
    std::string what;
    CHECK(code_of(
              [&] {
                work({.stop = stop.get_token(), .progress = [&](std::int64_t, std::int64_t) {
                        ++calls;
                        stop.request_stop();
                      }});
              },
              what) == Errc::canceled);
    CHECK(calls == 1);
  }
}

TEST_CASE("a column without a name is a feature, where the table has no weights") {
  const Table table(
      {{.name = "", .values = std::vector<double>{1, 2, 3}}, {.name = "y", .values = std::vector<double>{1, 2, 3}}},
      "y");
  const Encoder encoder = Encoder::fit(table, {}, TargetKind::regression);
  REQUIRE(encoder.inputs().size() == 1);
  CHECK(encoder.inputs()[0].name.empty());
}

TEST_CASE("the schema of an encoder keeps categories that spell a missing value") {
  const Table table({{.name = "country", .values = TextValues{{"NA", "DE"}, {0, 1, 0}}},
                     {.name = "y", .values = std::vector<double>{1, 2, 3}}},
                    "y");
  const Encoder encoder = Encoder::fit(table, {}, TargetKind::regression);
  const Table read = data::parse_csv("country,y\n\"NA\",1\nDE,2\nNA,3\n", {.schema = encoder.schema()});
  CHECK(!read.column("country").is_missing(0));
  CHECK(read.column("country").text(0) == "NA");
  CHECK(read.column("country").is_missing(2));
}

TEST_CASE("an encoder put together from the parts of another one encodes alike") {
  const Table table = data::parse_csv(
      "day,age,job,constant,y\n"
      "20240131,20,cook,3,no\n"
      "20240132,30,baker,3,yes\n"
      ",,cook,3,no\n"
      "20240133,40,,3,yes\n",
      {.label = "y"});
  for (const Scale scale : {Scale::none, Scale::standard})
    for (const Categories categories : {Categories::ordinal, Categories::one_hot}) {
      const Encoding encoding{.impute = scale == Scale::none ? Impute::keep : Impute::median,
                              .scale = scale,
                              .categories = categories,
                              .unknown = Unknown::error};
      const Encoder encoder = Encoder::fit(table, encoding, TargetKind::classification);
      const Encoder again = Encoder::from_parts(encoder.parts());
      CHECK(again.feature_names() == encoder.feature_names());
      CHECK(again.feature_categories() == encoder.feature_categories());
      CHECK(again.classes() == encoder.classes());
      CHECK(again.label() == "y");
      CHECK(again.parts().unknown == Unknown::error);
      const Dataset expected = encoder.encode(table), seen = again.encode(table);
      for (std::int64_t row = 0; row < 4; ++row) {
        const auto values = expected.features().row(row);
        CHECK(same(seen.features().row(row), {values.begin(), values.end()}));
      }
    }
  CHECK(test::code_of([] { (void)Encoder().parts(); }) == Errc::empty);
}

TEST_CASE("a missing text may count as another one") {
  for (const bool one_hot : {false, true}) {
    EncoderParts parts;
    parts.columns.push_back({.name = "t", .is_text = true, .categories = {"a", "b"}, .is_one_hot = one_hot});
    parts.columns[0].fill_text = "b";
    const Encoder made = Encoder::from_parts(parts);
    for (const Encoder& encoder : {made, Encoder::from_json(made.to_json()), Encoder::from_parts(made.parts())}) {
      const Table table(
          {{.name = "t", .values = TextValues{{"a", "", "x", "b"}, {0, 1, 2, 3, 0}}, .present = {1, 1, 1, 1, 0}}});
      const Dataset rows = encoder.encode_inputs(table);
      const std::vector<std::string_view> texts{"a", "", "x", "b", ""};
      const std::vector<BatchColumn> columns{{.texts = texts}};
      std::vector<float> batch(static_cast<std::size_t>(5 * encoder.feature_count()));
      encoder.encode(BatchView(columns, 5), MatrixView<float>(batch.data(), 5, encoder.feature_count()));
      for (std::int64_t row = 0; row < 5; ++row) {
        INFO("row " << row << ", one-hot " << one_hot);
        const std::vector<float> seen(rows.row(row).begin(), rows.row(row).end());
        const bool is_b = row == 1 || row == 3 || row == 4;
        if (one_hot) CHECK(seen == std::vector<float>{row == 0 ? 1.0f : 0.0f, is_b ? 1.0f : 0.0f});
        if (!one_hot && row != 2) CHECK(seen == std::vector<float>{is_b ? 1.0f : 0.0f});
        if (!one_hot && row == 2) CHECK(std::isnan(seen[0]));  // unknown
        for (std::size_t i = 0; i < seen.size(); ++i)
          CHECK((seen[i] == batch[static_cast<std::size_t>(row) * seen.size() + i] || std::isnan(seen[i])));
      }
    }
  }
}
