// Networks by minibatch descent.
#include "scalar/spec/multilayer_perceptron.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <string>
#include <utility>

#include "backend/native/mlp/step.hpp"
#include "backend/native/peers.hpp"
#include "backend/native/rows.hpp"
#include "core/fail.hpp"
#include "scalar/backend/native/native.hpp"
#include "scalar/core/random.hpp"
#include "scalar/core/range.hpp"

namespace scalar::inline v0::backend {
namespace native {
namespace {

MlpParameters initial(const MultilayerPerceptron& spec, std::int64_t inputs, std::int64_t outputs) {
  MlpParameters parameters{.activation = spec.activation, .link = link_of(spec.loss)};
  parameters.sizes.push_back(inputs);
  parameters.sizes.insert(parameters.sizes.end(), spec.hidden.begin(), spec.hidden.end());
  parameters.sizes.push_back(outputs);
  parameters.values.resize(parameters.offset(parameters.layers()));
  for (std::size_t l = 0; l < parameters.layers(); ++l) {
    Philox random(spec.seed, l);
    const std::int64_t in = parameters.sizes[l], out = parameters.sizes[l + 1];
    const double range = std::sqrt(6.0 / static_cast<double>(in + out));
    const auto first = parameters.values.begin() + static_cast<std::ptrdiff_t>(parameters.offset(l));
    std::generate_n(first, in * out, [&] { return static_cast<float>((2 * random.uniform() - 1) * range); });
  }
  return parameters;
}

/// The spec with the number of epochs filled in if the spec leaves it open (docs/spec.md, "How long a network learns").
/// Few rows get more epochs: what a network learns depends on how many steps it takes.
MultilayerPerceptron with_epochs(MultilayerPerceptron spec, std::int64_t rows) {
  constexpr std::int64_t usual_steps = 500, least_epochs = 20;
  const std::int64_t steps = (rows + spec.batch - 1) / spec.batch;  // per epoch
  if (spec.epochs == 0) spec.epochs = static_cast<int>((std::max)((usual_steps + steps - 1) / steps, least_epochs));
  return spec;
}

/// Sets the weighted mean and standard deviation of the targets.
/// Errors: `Errc::out_of_range` if a double cannot hold them.
void set_targets(const Rows& rows, MlpParameters& parameters) {
  double weight = 0, mean = 0, squares = 0;  // West, "Updating mean and variance estimates", 1979
  for (std::int64_t i = 0; i < rows.count(); ++i) {
    const double w = rows.weight(i);
    if (w == 0) continue;
    weight += w;
    const double before = rows.target(i) - mean;
    mean += before * (w / weight);
    squares += w * before * (rows.target(i) - mean);
  }
  const double deviation = std::sqrt(squares / weight);
  if (!std::isfinite(mean) || !std::isfinite(deviation))
    fail(Errc::out_of_range, MultilayerPerceptron::name,
         "the targets are too large for a mean and a deviation in float64");
  parameters.target_offset = mean;
  if (deviation > 0) parameters.target_scale = deviation;
}

/// One minibatch per round, cut into shards whose gradients are added. With one shard, adding gradients and the
/// optimizer's step are done together.
class MlpLearner {
 public:
  using Number = float;
  static constexpr std::string_view round = "epoch";

  MlpLearner(const MultilayerPerceptron& spec, const Rows& rows, const MlpParameters& start, const ThreadTeam& team,
             const FitOptions& options, bsp::ShardRange mine, int shards)
      : spec_(spec),
        rows_(rows),
        parameters_(start),
        options_(options),
        mine_(mine),
        shards_(shards),
        batch_((std::min)(std::int64_t{spec.batch}, rows.count())),
        step_(spec, start, (batch_ + shards - 1) / shards, team),
        order_(static_cast<std::size_t>(rows.count())) {}

  bool work() {
    if (epoch_ == spec_.epochs) return false;
    check_stop(MultilayerPerceptron::name, options_);
    if (at_ == 0) shuffle();
    count_ = (std::min)(batch_, rows_.count() - at_);
    if (shards_ == 1) {
      loss_ += step_.propagate(rows_, rows_of_shard(0));
      step_.sum_and_apply(count_);
    }
    return true;
  }
  std::size_t size() const { return shards_ == 1 ? 0 : step_.size() + 1; }
  void leaf(int shard, std::span<float> sums) {
    if (shards_ == 1) return;
    sums.back() = static_cast<float>(step_.propagate(rows_, rows_of_shard(mine_.first + shard)));
    step_.sum_gradients(sums.first(step_.size()));
  }
  void absorb(std::span<const float> totals) {
    if (shards_ > 1) {
      step_.apply(totals.first(step_.size()), count_);
      loss_ += static_cast<double>(totals.back());
    }
    at_ += count_;
    if (at_ == rows_.count()) end_epoch();
  }
  std::optional<FitProgress> ended_round() { return std::exchange(ended_, std::nullopt); }
  MlpParameters parameters() const {
    MlpParameters parameters = parameters_;
    unpack(step_.values(), step_.layout(), parameters);
    return parameters;
  }
  void write(std::vector<std::byte>& out) const {
    write_state(out, epoch_);
    step_.write(out);
  }
  void read(std::span<const std::byte> in) {
    read_state(in, epoch_);
    step_.read(in);
  }

 private:
  std::span<const std::int64_t> rows_of_shard(int shard) const {
    const Range part =
        even_part(static_cast<std::size_t>(count_), static_cast<std::size_t>(shard), static_cast<std::size_t>(shards_));
    return std::span(order_).subspan(static_cast<std::size_t>(at_) + part.begin, part.size());
  }

  void shuffle() {
    std::iota(order_.begin(), order_.end(), std::int64_t{0});
    Philox random(spec_.seed, (std::uint64_t{1} << 32) + static_cast<std::uint64_t>(epoch_));
    for (std::size_t i = order_.size(); i > 1; --i) std::swap(order_[i - 1], order_[random.below(i)]);
  }

  void end_epoch() {
    const double objective = loss_ / static_cast<double>(rows_.count()) +
                             spec_.l2 / (2 * static_cast<double>(batch_)) * step_.squared_weights();
    ++epoch_;
    at_ = 0;
    loss_ = 0;
    if (!std::isfinite(objective))
      fail(Errc::failed, MultilayerPerceptron::name,
           "the weights are not finite after epoch {} with learning_rate {}; a smaller one or scaled features may help",
           epoch_, spec_.learning_rate);
    ended_ = {.what = round, .done = epoch_, .total = spec_.epochs, .objective = objective};
  }

  const MultilayerPerceptron& spec_;
  Rows rows_;
  MlpParameters parameters_;
  const FitOptions& options_;
  std::optional<FitProgress> ended_{};
  bsp::ShardRange mine_;
  int shards_;
  std::int64_t batch_;
  NetworkStep step_;
  std::vector<std::int64_t> order_;
  std::int64_t at_ = 0, count_ = 0;
  int epoch_ = 0;
  double loss_ = 0;
};

std::int64_t margins_of(const MultilayerPerceptron& spec, const Dataset& data) {
  if (spec.loss == Loss::squared) {
    if (data.classes().empty()) return 1;
    fail(Errc::invalid_argument, MultilayerPerceptron::name,
         "the target is a class, expected a number for the squared loss");
  }
  const std::int64_t classes = checked_classes(MultilayerPerceptron::name, data);
  if (spec.loss == Loss::softmax) return classes;
  if (classes == 2) return 1;
  fail(Errc::invalid_argument, MultilayerPerceptron::name, "there are {} classes, expected 2 for the logistic loss",
       classes);
}

/// The network to begin with: that of the options, or a random one.
/// Errors: `Errc::invalid_argument` for a network of other layers than the spec and the data have.
MlpParameters start_of(const MultilayerPerceptron& spec, const Rows& rows, std::int64_t outputs,
                       const FitOptions& options) {
  MlpParameters start = initial(spec, rows.columns(), outputs);
  if (options.initial.empty()) {
    if (spec.loss == Loss::squared) set_targets(rows, start);
    return start;
  }
  MlpParameters given;
  from_bytes(options.initial, given);
  if (given.sizes != start.sizes || given.activation != start.activation || given.link != start.link)
    fail(Errc::invalid_argument, MultilayerPerceptron::name,
         "the model to go on from has layers of {} units{}, here are {}", fmt::join(given.sizes, ", "),
         given.activation != start.activation ? " with another activation"
         : given.link != start.link           ? " with another link"
                                              : "",
         fmt::join(start.sizes, ", "));
  return given;
}

}  // namespace
}  // namespace native

Support Native::supports(const MultilayerPerceptron&, int) const { return {}; }

MlpParameters Native::fit(const MultilayerPerceptron& asked, const Dataset& data, const FitOptions& options,
                          const Runtime& runtime) const {
  using namespace native;
  const FitAbilities able{
      .validation = true, .rounds = true, .initial = true, .offsets = asked.loss != Loss::softmax, .checkpoint = true};
  const Dataset learned = learned_rows(data, asked.loss);
  return fit_with(asked, learned, options, runtime, 1, able, [&](const Dataset& contiguous, int shards) {
    const Rows rows = rows_of(contiguous);
    const MultilayerPerceptron spec = with_epochs(asked, rows.count());
    const std::int64_t margins = margins_of(spec, contiguous);
    const auto make = [&options, shards, rows, spec, start = start_of(spec, rows, margins, options)](
                          bool, bsp::ShardRange mine, const ThreadTeam& team) {
      return MlpLearner(spec, rows, start, team, options, mine, shards);
    };
    return Prepared{Validation(MultilayerPerceptron::name, spec.loss, margins, data, options.validation), make};
  });
}

}  // namespace scalar::inline v0::backend
