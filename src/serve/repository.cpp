#include "serve/repository.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <deque>
#include <span>
#include <utility>

#include "core/fail.hpp"
#include "core/quoted.hpp"
#include "scalar/core/error.hpp"
#include "serve/framing.hpp"
#include "serve/quote.hpp"

namespace scalar::inline v0::serve {
namespace {

void check_name(std::string_view text, const char* what) {
  const auto plain = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '_' ||
           c == '-';
  };
  if (text.empty() || text.size() > 128 || !std::all_of(text.begin(), text.end(), plain) || text == "." || text == "..")
    fail(Errc::invalid_argument, "serve", "a {} has 1 to 128 letters, digits, '.', '_' or '-'; seen {}", what,
         scalar::quoted(text));
}

/// `/v2/models/stats` and `/v2/repository/index` are routes of the protocol's extensions.
void check_not_reserved(std::string_view name) {
  if (name == "stats" || name == "index")
    fail(Errc::invalid_argument, "serve", "a model cannot be called \"{}\": the protocol has a route of that name",
         name);
}

std::string model_place(std::string_view name) { return fmt::format("serve: model \"{}\"", name); }

/// Inputs of zeros and empty texts, in which a free length is 1.
class PlainInputs {
 public:
  /// Empty when a tensor has more than `most_elements`.
  explicit PlainInputs(const Signature& signature) {
    std::int64_t left = most_elements;
    for (const TensorInfo& info : signature.inputs) {
      std::vector<std::int64_t>& shape = shapes_.emplace_back(info.shape);
      std::int64_t count = 1;
      for (std::int64_t& length : shape) {
        if (length == -1) length = 1;
        if (length < 0 || length > left || count * length > left) return;
        count *= length;
      }
      left -= count;
      numbers_.emplace_back(static_cast<std::size_t>(count) * size_bytes(info.type));
      texts_.emplace_back(info.type == DataType::bytes ? static_cast<std::size_t>(count) : 0);
      views_.push_back({info.type, shape, numbers_.back(), texts_.back()});
    }
    fits_ = true;
  }
  bool fits() const noexcept { return fits_; }
  std::span<const TensorView> views() const noexcept { return views_; }

 private:
  static constexpr std::int64_t most_elements = std::int64_t{16} << 20;
  std::deque<std::vector<std::int64_t>> shapes_{};  // deques: the views point into them
  std::deque<std::vector<std::byte>> numbers_{};
  std::deque<std::vector<std::string_view>> texts_{};
  std::vector<TensorView> views_{};
  bool fits_ = false;
};

}  // namespace

double warm(const Servable& servable) {
  using std::chrono::steady_clock;
  constexpr int most = 3;
  constexpr std::chrono::milliseconds enough{20};
  auto best = std::chrono::nanoseconds::max();
  try {
    const PlainInputs inputs(servable.signature());
    if (!inputs.fits()) return -1;
    std::vector<Tensor> outputs(servable.signature().outputs.size());
    const auto begin = steady_clock::now();
    for (int i = 0; i < most; ++i) {
      const auto start = steady_clock::now();
      servable.run(inputs.views(), outputs, {.use_cache = false});
      const auto end = steady_clock::now();
      best = std::min<std::chrono::nanoseconds>(best, end - start);
      if (end - begin > enough) break;
    }
  } catch (...) {
    return -1;  // not fatal: clients may never ask for such inputs
  }
  return static_cast<double>(best.count());
}

const Snapshot::Model* Snapshot::model(std::string_view name) const noexcept {
  const auto found = models_.find(name);
  return found == models_.end() ? nullptr : &found->second;
}

cache::CacheStats Snapshot::Model::cache_stats() const {
  cache::CacheStats sum = metrics->retired();
  for (const auto& served : versions) serve::add(sum, served->servable->cache_stats());
  return sum;
}

std::vector<ModelStatistics> Snapshot::statistics() const {
  std::vector<ModelStatistics> out;
  for (const auto& [name, model] : models_) {
    ModelStatistics& one = out.emplace_back();
    one.name = name;
    for (const auto& served : model.versions) one.versions.push_back(served->version);
    one.requests = model.metrics->requests.total();
    one.refused = one.requests - model.metrics->requests.count(0);
    one.rows = model.metrics->rows.load(std::memory_order_relaxed);
    one.time = model.metrics->latency.sum();
    one.cache = model.cache_stats();
  }
  return out;
}

const std::shared_ptr<const ServedVersion>& Snapshot::find(std::string_view name, std::string_view version) const {
  const Model* found = model(name);
  // The wording is Triton's: some clients look for it.
  if (found == nullptr) fail(Errc::not_found, "", "Request for unknown model: {} is not found", quoted(name));
  if (version.empty()) return found->versions.back();
  for (const auto& served : found->versions)
    if (served->version == version) return served;
  fail(Errc::not_found, "", "Request for unknown model: {} version {} is not found", quoted(name), quoted(version));
}

std::string Repository::add(std::string_view name, std::shared_ptr<const Servable> servable, const std::string& version,
                            double nanoseconds_per_row) {
  check_name(name, "model name");
  check_not_reserved(name);
  if (!version.empty()) check_name(version, "version");
  if (servable == nullptr) fail(Errc::invalid_argument, model_place(name), "the servable is empty");
  RequestForm form = request_form(*servable, model_place(name));
  const std::lock_guard lock(mutex_);
  Snapshot::Models models = current_->models();
  auto& metrics = metrics_[std::string(name)];
  if (metrics == nullptr) metrics = std::make_shared<ModelMetrics>();
  Snapshot::Model& model = models[std::string(name)];
  model.metrics = metrics;

  auto served = std::make_shared<ServedVersion>();
  served->model = name;
  served->servable = std::move(servable);
  served->form = std::move(form);
  if (nanoseconds_per_row < 0 && !model.versions.empty())
    nanoseconds_per_row = model.versions.back()->expectation.nanoseconds(1);
  served->expectation.assume(nanoseconds_per_row);
  served->metrics = metrics;
  std::uint64_t& last = last_number_[std::string(name)];
  if (version.empty()) {
    served->version = std::to_string(++last);
    if (!model.versions.empty()) {
      metrics->retire(model.versions.back()->servable->cache_stats());
      model.versions.pop_back();
    }
  } else {
    served->version = version;
    if (std::uint64_t number = 0; parse_digits(version, number)) last = std::max(last, number);
  }
  std::erase_if(model.versions, [&](const auto& old) {
    if (old->version != served->version) return false;
    metrics->retire(old->servable->cache_stats());
    return true;
  });
  std::string result = served->version;
  model.versions.push_back(std::move(served));
  publish(std::move(models));
  return result;
}

bool Repository::remove(std::string_view name, std::string_view version) {
  const std::lock_guard lock(mutex_);
  Snapshot::Models models = current_->models();
  const auto found = models.find(name);
  if (found == models.end()) return false;
  const std::size_t gone = std::erase_if(found->second.versions, [&](const auto& served) {
    if (!version.empty() && served->version != version) return false;
    found->second.metrics->retire(served->servable->cache_stats());
    return true;
  });
  if (gone == 0) return false;
  if (found->second.versions.empty()) models.erase(found);
  publish(std::move(models));
  return true;
}

void Repository::publish(Snapshot::Models models) {
  current_ = std::make_shared<const Snapshot>(std::move(models));
  edition_.fetch_add(1, std::memory_order_release);
}

std::shared_ptr<const Snapshot> Repository::snapshot() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

}  // namespace scalar::inline v0::serve
