#include "scalar/backend/lightgbm/lightgbm.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <functional>
#include <limits>
#include <utility>
#include <variant>

#include "backend/boosting_start.hpp"
#include "backend/lightgbm/exchange.hpp"
#include "backend/lightgbm/library.hpp"
#include "backend/lightgbm/parameters.hpp"
#include "backend/lightgbm/rows.hpp"
#include "backend/native/peers.hpp"
#include "backend/native/rows.hpp"
#include "backend/native/trees/targets.hpp"
#include "core/fail.hpp"
#include "scalar/backend/check_fit_options.hpp"
#include "scalar/backend/erase.hpp"
#include "scalar/backend/rounds.hpp"
#include "scalar/backend/validation.hpp"
#include "scalar/core/function_ref.hpp"
#include "scalar/interchange/lightgbm.hpp"

namespace scalar::inline v0::backend {
namespace {

using lightgbm::Exchange;
using lightgbm::Handle;
using lightgbm::Library;
using lightgbm::Owned;
using lightgbm::Part;

/// A fit, as all of its peers see it.
struct Job {
  const Library& library;
  const GradientBoostedTrees& spec;
  const Dataset& rows;     ///< contiguous
  const Forest& expected;  ///< a forest without trees
  const Validation& validation;
  const FitOptions& options;
  const Runtime& runtime;
  BoostingStart start{};
};

/// What peers add up at the end of a round.
struct RoundSums {
  double loss = 0, weight = 0;  ///< of the training rows
  double validation = 0;        ///< the metric, of the peer that computes it

  friend RoundSums operator+(RoundSums a, RoundSums b) {
    return {a.loss + b.loss, a.weight + b.weight, a.validation + b.validation};
  }
};

/// One peer's place in a fit.
struct Seat {
  Part part;
  bool is_first = true;
  int threads = 1;
  int peers = 1;
  bool evaluates = false;  ///< whether any peer reports the loss: then all add up theirs
  FunctionRef<RoundSums(RoundSums)> over_all_peers;
};

/// Adds the training loss of the peer's rows, as LightGBM computes it.
void add_loss(const Job& job, const Seat& seat, Handle booster, RoundSums& sums) {
  std::array<double, 4> metrics{};
  int count = 0;
  job.library.check(job.library.booster_evaluate(booster, 0, &count, metrics.data()), "LGBM_BoosterGetEval");
  for (std::size_t row = seat.part.rows.begin; row < seat.part.rows.end; ++row)
    sums.weight += job.rows.weight(static_cast<std::int64_t>(row));
  const double mean = job.spec.loss == Loss::squared ? metrics[0] / 2 : metrics[0];
  if (sums.weight > 0) sums.loss = mean * sums.weight;
}

/// The margins of the validation rows, kept from round to round.
class ValidationMargins {
 public:
  ValidationMargins(const Job& job, const Seat& seat)
      : job_(job), threads_(fmt::format("num_threads={}", seat.threads)) {
    for (std::int64_t row = 0; row < job.validation.data().rows(); ++row)
      sums_.insert(sums_.end(), job.start.margins.begin(), job.start.margins.end());
    margins_.resize(sums_.size());
  }
  /// The metric after round `round`, counted from 0.
  double after(int round, Handle booster) {
    constexpr int raw = 1;
    const FloatMatrix rows = job_.validation.data().features();
    std::int64_t length = 0;
    job_.library.check(
        job_.library.booster_predict(booster, rows.data, Library::float32, static_cast<std::int32_t>(rows.rows),
                                     static_cast<std::int32_t>(rows.columns), 1, raw, round, 1, threads_.c_str(),
                                     &length, margins_.data()),
        "LGBM_BoosterPredictForMat");
    for (std::size_t i = 0; i < sums_.size(); ++i) {
      sums_[i] += margins_[i];
      margins_[i] = sums_[i] + job_.start.base;
    }
    return job_.validation.value({margins_.data(), rows.rows, job_.expected.outputs});
  }

 private:
  const Job& job_;
  std::string threads_;
  std::vector<double> sums_, margins_;
};

/// Grows the trees; returns how many rounds the best model has.
std::int64_t boost(const Job& job, const Seat& seat, Handle booster) {
  constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  const bool validates = static_cast<bool>(job.validation);
  ValidationMargins validation(job, seat);
  Rounds rounds(job.options, seat.part.reports);
  int is_finished = 0;  // no split of any tree gains, so no later round could learn anything
  for (int tree = 0; tree < job.spec.trees && !rounds.is_over() && is_finished == 0; ++tree) {
    if (job.options.stop.stop_requested())
      fail(Errc::canceled, "lightgbm", "asked to stop after {} of {} rounds", tree, job.spec.trees);
    job.library.check(job.library.booster_update(booster, &is_finished), "LGBM_BoosterUpdateOneIter");
    RoundSums sums;
    if (seat.evaluates) add_loss(job, seat, booster, sums);
    if (validates && seat.is_first) sums.validation = validation.after(tree, booster);
    if (seat.evaluates || validates) sums = seat.over_all_peers(sums);
    FitProgress progress{"tree", tree + 1, job.spec.trees, seat.evaluates ? sums.loss / sums.weight : unknown};
    if (validates) progress.validation = sums.validation;
    rounds.report(progress);
  }
  return rounds.best();
}

/// The first `rounds` rounds as a model's text.
std::string text_of(const Library& library, Handle booster, std::int64_t rounds) {
  const int count = static_cast<int>(rounds);
  std::int64_t size = 0;
  library.check(library.booster_save(booster, 0, count, 0, 0, &size, nullptr), "LGBM_BoosterSaveModelToString");
  std::string text(static_cast<std::size_t>(size), '\0');
  library.check(library.booster_save(booster, 0, count, 0, size, &size, text.data()), "LGBM_BoosterSaveModelToString");
  text.resize(text.find('\0'));
  return text;
}

/// Learns from the rows of one peer, or from all. The result is LightGBM's model, the same at all peers.
std::string learn(const Job& job, const Seat& seat) {
  const Library& library = job.library;
  const std::string parameters = lightgbm::parameters(job.spec, job.rows, seat.threads, seat.peers);
  Owned dataset(library.dataset_free), booster(library.booster_free);
  lightgbm::make_dataset(library, seat.part, job.start, parameters, job.options, dataset);
  library.check(library.booster_create(dataset.get(), parameters.c_str(), booster.out()), "LGBM_BoosterCreate");
  return text_of(library, booster.get(), boost(job, seat, booster.get()));
}

Forest forest_of(const Job& job, const std::string& model) {
  Forest forest = std::get<Forest>(interchange::read_lightgbm(model).parameters);
  if (forest.features != job.expected.features || forest.outputs != job.expected.outputs ||
      forest.link != job.expected.link)
    fail(Errc::internal, "lightgbm", "LightGBM's model has another shape than was asked for");
  forest.base.assign(forest.base.size(), job.start.base);
  forest.start = job.start.margins;
  return forest;
}

Forest learn_alone(const Job& job) {
  const lightgbm::LogScope log(job.library, job.runtime);
  const auto same = [](RoundSums sums) { return sums; };
  const Seat seat{{job.rows, {0, static_cast<std::size_t>(job.rows.rows())}, true},
                  true,
                  job.runtime.threads(),
                  1,
                  static_cast<bool>(job.options.progress),
                  same};
  return forest_of(job, learn(job, seat));
}

/// One peer's part of a shared fit, on the thread of its offloaded code.
std::string learn_with_peers(const Job& job, bsp::BlockingPeer& peer, bsp::Mailbox<std::byte>& box, int threads,
                             bool evaluates) {
  const lightgbm::LogScope log(job.library, job.runtime);
  const auto rows = static_cast<std::size_t>(job.rows.rows());
  const auto rank = static_cast<std::size_t>(peer.rank()), peers = static_cast<std::size_t>(peer.size());
  const auto add_up = [&](RoundSums sums) { return all_reduce(peer, sums, std::plus{}); };
  const Seat seat{
      {job.rows, even_part(rows, rank, peers), rank == 0}, rank == 0, threads, peer.size(), evaluates, add_up};
  const Exchange exchange(job.library, peer, box);
  try {
    return learn(job, seat);
  } catch (...) {
    exchange.rethrow();
    throw;
  }
}

/// All peers of a shared fit have learned the same model, up to the parameters that it was learned with.
bsp::Task<> check_same(bsp::Peer& peer, const std::string& model) {
  const Hash128 own = Hasher().add(std::string_view(model).substr(0, model.find("\nparameters:"))).digest();
  const Hash128 first = co_await broadcast(peer, own, 0);
  if (own != first) fail(Errc::internal, "lightgbm", "peers {} and 0 learned different models", peer.rank());
}

}  // namespace

LightGbm::LightGbm(const BackendOptions& options) : library_(std::make_shared<const Library>(options.library)) {}

Support LightGbm::supports(const GradientBoostedTrees& spec, int) const {
  Support support;
  if (spec.depth > lightgbm::deepest)
    support.reasons.push_back(
        fmt::format("lightgbm grows trees to depth {} at most, not {}", lightgbm::deepest, spec.depth));
  return support;
}

Forest LightGbm::fit(const GradientBoostedTrees& spec, const Dataset& data, const FitOptions& options,
                     const Runtime& runtime) const {
  native::Peers peers("lightgbm", options, runtime);
  return peers.lead([&] {
    validate(spec);
    const FitAbilities able{.validation = true, .rounds = true, .offsets = spec.loss != Loss::softmax};
    check_fit_options("lightgbm", GradientBoostedTrees::name, data, options, able);
    if (const Support support = supports(spec, options.peers); !support)
      fail(Errc::unsupported, "lightgbm", "{}", support.reasons.front());
    (void)native::shards_of(GradientBoostedTrees::name, options, options.peers);  // only checks the numbers
    const Dataset rows = native::learned_rows(data, spec.loss).contiguous();
    const Forest expected = trees::empty_forest(spec, rows);
    if (options.peers > rows.rows())
      fail(Errc::invalid_argument, "lightgbm", "{} peers cannot share {} rows: each needs one", options.peers,
           rows.rows());
    const Validation validation(GradientBoostedTrees::name, spec.loss, expected.outputs, data, options.validation);
    library_->log_unset(runtime);
    const Job job{*library_, spec, rows, expected, validation, options, runtime, boosting_start(spec.loss, rows)};
    if (options.peers == 1 && options.transport == nullptr) return learn_alone(job);
    return peers.run(spec, rows, options.peers, options.peers,
                     [&](bsp::Peer& peer, const native::ThreadTeam&, native::FitState&) -> bsp::Task<Forest> {
                       const int threads = std::max(1, runtime.threads() / peer.placement().local());
                       const bool evaluates = co_await broadcast(peer, static_cast<bool>(options.progress), 0);
                       bsp::Mailbox<std::byte> box = peer.mailbox<std::byte>();
                       auto work = [&](bsp::BlockingPeer& blocking) {
                         return learn_with_peers(job, blocking, box, threads, evaluates);
                       };
                       const std::string model = co_await peer.offload(work);
                       co_await check_same(peer, model);
                       Forest forest = expected;
                       if (peer.rank() == 0) forest = forest_of(job, model);
                       co_return forest;
                     });
  });
}

std::shared_ptr<const AnyBackend::Interface> make_lightgbm(const BackendOptions& options) {
  return erase(LightGbm(options));
}

}  // namespace scalar::inline v0::backend
