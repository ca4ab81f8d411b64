#include "serve/repository.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "core/fail.hpp"
#include "core/quoted.hpp"
#include "scalar/core/error.hpp"
#include "scalar/core/json.hpp"
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

/// Throws when the signature contradicts itself: answers are written from it.
void check(const Signature& signature, const std::string& place) {
  constexpr Errc bad = Errc::invalid_argument;
  if (signature.inputs.empty()) fail(bad, place, "the signature has no inputs");
  if (signature.outputs < 1) fail(bad, place, "the signature has {} outputs, expected 1 or more", signature.outputs);
  if (!signature.classes.empty() && static_cast<std::int64_t>(signature.classes.size()) != signature.outputs)
    fail(bad, place, "the signature has {} classes and {} outputs, expected as many", signature.classes.size(),
         signature.outputs);
  std::unordered_set<std::string_view> names;
  for (const InputColumn& input : signature.inputs) {
    if (input.is_text && signature.is_numeric)
      fail(bad, place, "the input {} is a text, so the inputs are not numeric", scalar::quoted(input.name));
    if (signature.is_numeric) continue;  // the columns need no names: they may come as one dense tensor
    if (input.name.empty() || !json::is_utf8(input.name))
      fail(bad, place, "an input has no name, or one that is not UTF-8");
    if (!names.insert(input.name).second) fail(bad, place, "the input {} comes twice", scalar::quoted(input.name));
  }
  if (signature.prefers_dense && !signature.is_numeric)
    fail(bad, place, "the signature prefers dense input, but is not numeric");
}

/// One row of zeros and missing texts.
class PlainRow {
 public:
  explicit PlainRow(const Signature& signature) : is_dense_(signature.prefers_dense) {
    if (is_dense_)
      dense_.resize(signature.inputs.size());
    else
      for (const InputColumn& input : signature.inputs)
        columns_.push_back(input.is_text ? BatchColumn{.texts = {&text_, 1}} : BatchColumn{.numbers = {&number_, 1}});
  }
  BatchView view() const {
    if (!is_dense_) return {columns_, 1};
    return FloatMatrix(dense_.data(), 1, static_cast<std::int64_t>(dense_.size()));
  }

 private:
  bool is_dense_;
  double number_ = 0;
  std::string_view text_{};
  std::vector<float> dense_{};
  std::vector<BatchColumn> columns_{};
};

}  // namespace

double warm(const Servable& servable) {
  using std::chrono::steady_clock;
  constexpr int most = 3;
  constexpr std::chrono::milliseconds enough{20};
  const PlainRow row(servable.signature());
  std::vector<double> out(static_cast<std::size_t>(servable.signature().outputs));
  const BatchOut to(out.data(), 1, servable.signature().outputs);
  auto best = std::chrono::nanoseconds::max();
  const auto begin = steady_clock::now();
  try {
    for (int i = 0; i < most; ++i) {
      const auto start = steady_clock::now();
      servable.predict(row.view(), to, {.use_cache = false});
      const auto end = steady_clock::now();
      best = std::min<std::chrono::nanoseconds>(best, end - start);
      if (end - begin > enough) break;
    }
  } catch (const Error&) {
    return -1;  // not fatal: clients may never ask for such a row
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
  check(servable->signature(), model_place(name));
  const std::lock_guard lock(mutex_);
  Snapshot::Models models = current_->models();
  auto& metrics = metrics_[std::string(name)];
  if (metrics == nullptr) metrics = std::make_shared<ModelMetrics>();
  Snapshot::Model& model = models[std::string(name)];
  model.metrics = metrics;

  auto served = std::make_shared<ServedVersion>();
  served->model = name;
  served->servable = std::move(servable);
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
