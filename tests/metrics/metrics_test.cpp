#include "scalar/metrics.hpp"

#include <cmath>
#include <functional>
#include <limits>

#include "scalar/core/error.hpp"
#include "scalar/data/csv.hpp"
#include "support/catch.hpp"
#include "support/errors.hpp"

using namespace scalar;
using Doubles = std::vector<double>;
using Floats = std::vector<float>;
using test::message_of;

namespace {

constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();

/// Answers what it was given, for as many rows as it is asked.
struct Parrot {
  Encoder fitted{};
  Doubles values{};
  std::int64_t outputs = 1;

  const Encoder& encoder() const { return fitted; }
  template <class Data>
  Prediction predict(const Data& data) const {
    return {Doubles(values.begin(), values.begin() + data.rows() * outputs), data.rows(), outputs, fitted.classes()};
  }
};

}  // namespace

TEST_CASE("cases worked by hand") {
  // Pairs (negative, positive): (.1, .4) right, (.1, .35) right, (.4, .4) tie, (.4, .35) wrong.
  const Floats targets{0, 0, 1, 1};
  CHECK(metrics::auc(targets, Doubles{.1, .4, .4, .35}) == 2.5 / 4);
  CHECK(metrics::auc(targets, Doubles{1, 1, 1, 1}) == 0.5);
  CHECK(metrics::auc(targets, Doubles{2, 3, 1, 0}) == 0);
  // The pair (.4, .35) weighs 3 * 2, of (1 + 3) * (1 + 2) in all.
  CHECK(metrics::auc(targets, Doubles{.1, .4, .5, .35}, Doubles{1, 3, 1, 2}) == Approx(1 - 6.0 / 12));
  CHECK(metrics::accuracy(targets, Floats{0, 1, 1, 1}) == 0.75);
  CHECK(metrics::accuracy(targets, Floats{0, 1, 1, 1}, Floats{1, 3, 1, 1}) == 0.5);
  CHECK(metrics::logloss(targets, Doubles{.5, .5, .5, .5}) == Approx(std::log(2.0)));
  CHECK(metrics::rmse(Floats{1, 2}, Doubles{4, 6}) == Approx(std::sqrt(12.5)));
  CHECK(metrics::mae(Floats{1, 2}, Doubles{4, -2}) == 3.5);
  CHECK(metrics::mae(Floats{1, 2}, Doubles{4, 4}, Floats{1, 0}) == 3);
  CHECK(metrics::r2(Floats{1, 2, 3}, Doubles{2, 2, 2}) == 0);
  CHECK(metrics::r2(Floats{1, 2, 3}, Doubles{1, 2, 3}) == 1);
  CHECK(metrics::r2(Floats{2, 2}, Doubles{2, 2}) == 1);
  CHECK(metrics::r2(Floats{2, 2}, Doubles{2, 3}) == 0);
  const auto counts = metrics::confusion(Floats{0, 1, 2, 2}, Floats{0, 2, 2, 1}, 3, Floats{1, 2, 3, 4});
  CHECK(counts.sums == Doubles{1, 0, 0, 0, 0, 2, 0, 4, 3});
  CHECK(counts(2, 1) == 4);
}

TEST_CASE("certain and wrong: clipped at the epsilon of the stored type") {
  CHECK(metrics::logloss(Floats{1}, Doubles{0}) == Approx(-std::log(std::numeric_limits<double>::epsilon())));
  CHECK(metrics::logloss(Floats{1}, Floats{0}) ==
        Approx(-std::log(static_cast<double>(std::numeric_limits<float>::epsilon()))));
  CHECK(metrics::logloss(Floats{1}, Doubles{1}) < 1e-15);
}

TEST_CASE("what makes no sense is refused with its row") {
  using metrics::accuracy, metrics::auc, metrics::logloss, metrics::rmse, metrics::r2;
  CHECK(message_of(Errc::empty, [] { rmse(Doubles{}, Doubles{}); }) == "rmse: there are no rows");
  CHECK(message_of(Errc::shape_mismatch, [] {
          rmse(Doubles{1, 2}, Doubles{1});
        }) == "rmse: there are 2 targets, 1 predictions and no weights");
  message_of(Errc::shape_mismatch, [] { auc(Doubles{1, 0}, Doubles{1, 2}, Doubles{1}); });
  CHECK(message_of(Errc::invalid_argument, [] {
          rmse(Doubles{1, 2}, Doubles{1, nan_value});
        }) == "rmse, row 1: the prediction is NaN, expected a finite number");
  message_of(Errc::invalid_argument, [] { rmse(Doubles{1, nan_value}, Doubles{1, 2}); });
  message_of(Errc::invalid_argument, [] { auc(Doubles{0, 1}, Doubles{1, nan_value}); });
  message_of(Errc::invalid_argument, [] { logloss(Doubles{0, 1}, Doubles{1, nan_value}); });
  message_of(Errc::invalid_argument, [] { accuracy(Doubles{0, 1}, Doubles{1, nan_value}); });
  CHECK(message_of(Errc::invalid_argument, [] {
          auc(Doubles{1, 1}, Doubles{.1, .2});
        }).find("no rows outside of the class") != std::string::npos);
  CHECK(message_of(Errc::invalid_argument, [] {
          auc(Doubles{0, 0}, Doubles{.1, .2});
        }).find("no rows in the class") != std::string::npos);
  message_of(Errc::invalid_argument, [] { auc(Doubles{0, 1}, Doubles{.1, .2}, Doubles{1, 0}); });
  CHECK(message_of(Errc::invalid_argument, [] { auc(Doubles{0, 2}, Doubles{.1, .2}); }).find("auc, row 1") == 0);
  CHECK(message_of(Errc::invalid_argument, [] { accuracy(Doubles{0.5}, Doubles{1}); }) ==
        "accuracy, row 0: the target is 0.5, expected the index of a class: 0, 1, 2, ...");
  CHECK(message_of(Errc::invalid_argument, [] {
          auc(Doubles{0, 1e-9}, Doubles{.1, .2});
        }) == "auc, row 1: the target is 1e-09, expected the index of one of 2 classes");
  CHECK(message_of(Errc::invalid_argument, [] {
          rmse(Doubles{1}, Doubles{1}, Doubles{-1e-9});
        }).find("the weight is -1e-09") != std::string::npos);
  message_of(Errc::invalid_argument, [] { accuracy(Doubles{-1}, Doubles{1}); });
  CHECK(message_of(Errc::invalid_argument, [] { logloss(Doubles{1}, Doubles{1.5}); }).find("1.5") != std::string::npos);
  message_of(Errc::invalid_argument, [] { rmse(Doubles{1}, Doubles{1}, Doubles{-1}); });
  message_of(Errc::invalid_argument, [] { rmse(Doubles{1}, Doubles{1}, Doubles{nan_value}); });
  CHECK(message_of(Errc::invalid_argument, [] { rmse(Doubles{1}, Doubles{1}, Doubles{0}); }) ==
        "rmse: the weights sum to zero");
  message_of(Errc::invalid_argument, [] { r2(Doubles{1}, Doubles{1}); });
  const Doubles one{1, 1};
  message_of(Errc::shape_mismatch, [&] { auc(Doubles{0, 1}, metrics::Probabilities(one.data(), 2, 1)); });
  message_of(Errc::invalid_argument, [] { metrics::confusion(Doubles{3}, Doubles{0}, 3); });
}

TEST_CASE("the metrics of a model: labels go through its encoder") {
  const Table table = data::parse_csv("x,y\n1,no\n2,yes\n3,no\n4,yes\n", {.label = "y"});
  Parrot model{Encoder::fit(table, {}, TargetKind::classification), {.9, .1, .2, .8, .4, .6, .3, .7}, 2};
  CHECK(metrics::accuracy(model, table) == 0.75);
  CHECK(metrics::auc(model, table) == 1.0);
  CHECK(metrics::logloss(model, table) == Approx(-(std::log(.9) + std::log(.8) + std::log(.4) + std::log(.7)) / 4));
  CHECK(metrics::confusion(model, table).sums == Doubles{1, 1, 0, 2});
  const auto all = metrics::evaluate(model, table);
  CHECK(all.size() == 3);
  CHECK(all.at("auc") == 1.0);
  CHECK(metrics::evaluate(model, table.take({0, 2})).count("auc") == 0);  // one class only
  CHECK(message_of(Errc::invalid_argument, [&] { metrics::rmse(model, table); }).find("accuracy") != std::string::npos);
  // In a dataset that orders the classes its own way: yes, no, yes, no is 0, 1, 0, 1 there.
  const Dataset other({.features = {1, 2, 3, 4}, .columns = 1, .targets = {1, 0, 1, 0}, .classes = {"yes", "no"}});
  CHECK(metrics::accuracy(model, other) == 0.75);
  const Dataset weighted({.features = {1, 2, 3, 4},
                          .columns = 1,
                          .targets = {0, 1, 0, 1},
                          .weights = {1, 1, 2, 0},
                          .classes = {"no", "yes"}});
  CHECK(metrics::accuracy(model, weighted) == 0.5);
  const Dataset stranger({.features = {1, 2}, .columns = 1, .targets = {0, 1}, .classes = {"no", "maybe"}});
  CHECK(message_of(Errc::invalid_argument, [&] { metrics::accuracy(model, stranger); }) ==
        "row 1: the model does not know the class \"maybe\"");
}

TEST_CASE("the metrics of a regression") {
  const Table table = data::parse_csv("x,y\n1,1\n2,2\n3,3\n", {.label = "y"});
  Parrot model{Encoder::fit(table, {}, TargetKind::regression), {1, 2, 5}, 1};
  CHECK(metrics::rmse(model, table) == Approx(std::sqrt(4.0 / 3)));
  CHECK(metrics::mae(model, table) == Approx(2.0 / 3));
  CHECK(metrics::r2(model, table) == Approx(-1));
  CHECK(metrics::evaluate(model, table).at("mae") == Approx(2.0 / 3));
  message_of(Errc::invalid_argument, [&] { metrics::auc(model, table); });
  message_of(Errc::not_found, [&] { metrics::rmse(model, data::parse_csv("x\n1\n")); });
}

TEST_CASE("weights of a table count, and large targets keep their digits") {
  const Table table = data::parse_csv("x,w,y\n1,1,1700000000.5\n2,3,1700000010\n", {.label = "y", .weight = "w"});
  Parrot model{Encoder::fit(table, {}, TargetKind::regression), {1700000000, 1700000010.25}, 1};
  CHECK(metrics::mae(model, table) == Approx((1 * 0.5 + 3 * 0.25) / 4).epsilon(1e-12));
  CHECK(metrics::mae(model, table.with_weight("")) == Approx(0.375).epsilon(1e-12));
  CHECK(metrics::evaluate(model, table).at("rmse") == Approx(std::sqrt((0.25 + 3 * 0.0625) / 4)).epsilon(1e-12));
}
