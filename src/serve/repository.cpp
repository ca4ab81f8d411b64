#include "serve/repository.hpp"

#include <algorithm>
#include <utility>

#include "scalar/core/error.hpp"
#include "serve/framing.hpp"

namespace scalar::inline v0::serve {
namespace {

void check_name(std::string_view text, const char* what) {
  const auto plain = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '_' ||
           c == '-';
  };
  if (text.empty() || text.size() > 128 || !std::all_of(text.begin(), text.end(), plain) || text == "." || text == "..")
    throw Error(Errc::invalid_argument,
                "a " + std::string(what) + " has 1 to 128 letters, digits, '.', '_' or '-'; seen \"" +
                    std::string(text.substr(0, 64)) + "\"",
                "serve");
}

std::string echo(std::string_view text) { return "'" + std::string(text.substr(0, 64)) + "'"; }

}  // namespace

const Snapshot::Model* Snapshot::model(std::string_view name) const noexcept {
  const auto found = models_.find(name);
  return found == models_.end() ? nullptr : &found->second;
}

const std::shared_ptr<const ServedVersion>& Snapshot::find(std::string_view name, std::string_view version) const {
  const Model* found = model(name);
  // The wording is Triton's: clients look for it.
  if (found == nullptr) throw Error(Errc::not_found, "Request for unknown model: " + echo(name) + " is not found");
  if (version.empty()) return found->versions.back();
  for (const auto& served : found->versions)
    if (served->version == version) return served;
  throw Error(Errc::not_found,
              "Request for unknown model: " + echo(name) + " version " + echo(version) + " is not found");
}

std::string Repository::add(std::string_view name, std::shared_ptr<const Servable> servable,
                            const std::string& version) {
  check_name(name, "model name");
  if (!version.empty()) check_name(version, "version");
  const std::lock_guard lock(mutex_);
  Snapshot::Models models = current_->models();
  auto& metrics = metrics_[std::string(name)];
  if (metrics == nullptr) metrics = std::make_shared<ModelMetrics>();
  Snapshot::Model& model = models[std::string(name)];
  model.metrics = metrics;

  auto served = std::make_shared<ServedVersion>();
  served->model = name;
  served->servable = std::move(servable);
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
