#include "serve/metrics.hpp"

#include <fmt/core.h>

#include "scalar/core/json.hpp"
#include "scalar/core/version.hpp"
#include "serve/repository.hpp"

namespace scalar::inline v0::serve {

void add(cache::CacheStats& sum, const cache::CacheStats& more) {
  sum.hits += more.hits;
  sum.misses += more.misses;
  sum.coalesced += more.coalesced;
  sum.inserts += more.inserts;
  sum.evictions += more.evictions;
  sum.bypassed += more.bypassed;
  sum.entries += more.entries;
  sum.bytes += more.bytes;
}

namespace {

/// Writes metric families and samples. Label values are model names, versions and codes, which need no escapes.
class Text {
 public:
  explicit Text(std::string& out) : out_(out) {}

  void family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    out_.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ");
    out_.append(name).append(" ").append(type).append("\n");
  }
  template <class Number>
  void sample(std::string_view labels, Number value, std::string_view suffix = {}) {
    out_.append(name_).append(suffix);
    if (!labels.empty()) out_.append("{").append(labels).append("}");
    out_ += ' ';
    json::append_number(out_, value);
    out_ += '\n';
  }

 private:
  std::string& out_;
  std::string_view name_{};
};

std::string label(std::string_view name, std::string_view value) { return fmt::format("{}=\"{}\"", name, value); }
std::string code_label(int code) { return label("code", code == 0 ? "other" : std::to_string(code)); }

void append_server(Text& text, const ServerMetrics& server, const Budget& memory) {
  const auto value = [](const auto& counter) { return counter.load(std::memory_order_relaxed); };
  text.family("scalar_info", "gauge", "The version of Scalar, always 1.");
  text.sample(label("version", version), std::uint64_t{1});
  text.family("scalar_http_responses_total", "counter", "Responses by status code.");
  for (std::size_t i = 0; i < StatusCounts::codes.size(); ++i)
    if (i == 0 || server.responses.count(i) > 0)
      text.sample(code_label(StatusCounts::codes[i]), server.responses.count(i));
  text.family("scalar_connections", "gauge", "Open connections.");
  text.sample({}, value(server.connections));
  text.family("scalar_connections_accepted_total", "counter", "Connections accepted.");
  text.sample({}, value(server.accepted));
  text.family("scalar_connections_refused_total", "counter", "Connections refused because there were too many.");
  text.sample({}, value(server.refused));
  text.family("scalar_connections_evicted_total", "counter", "Idle connections closed to make room for new ones.");
  text.sample({}, value(server.evicted));
  text.family("scalar_descriptors_exhausted_total", "counter", "Connections that found no file descriptor left.");
  text.sample({}, value(server.out_of_descriptors));
  text.family("scalar_timeouts_total", "counter", "Connections closed because the client was too slow.");
  text.sample({}, value(server.timeouts));
  text.family("scalar_requests_abandoned_total", "counter", "Requests whose client went before a worker began.");
  text.sample({}, value(server.abandoned));
  text.family("scalar_queued_requests", "gauge", "Requests that wait for a worker.");
  text.sample({}, value(server.queued));
  text.family("scalar_buffered_bytes", "gauge", "Memory of requests and answers.");
  text.sample({}, memory.used());
}

void append_latency(Text& text, const std::string& model, const Latencies& latency) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i <= Latencies::bounds_us.size(); ++i) {
    sum += latency.count(i);
    std::string bound = "+Inf";
    if (i < Latencies::bounds_us.size()) {
      bound.clear();
      json::append_number(bound, static_cast<double>(Latencies::bounds_us[i]) / 1e6);
    }
    text.sample(model + "," + label("le", bound), sum, "_bucket");
  }
  text.sample(model, latency.sum_seconds(), "_sum");
  text.sample(model, sum, "_count");
}

struct CacheFamily {
  const char* name;
  const char* type;
  const char* help;
  std::uint64_t cache::CacheStats::*value;
};
constexpr CacheFamily cache_families[] = {
    {"scalar_cache_hits_total", "counter", "Rows answered from the cache.", &cache::CacheStats::hits},
    {"scalar_cache_misses_total", "counter", "Rows computed.", &cache::CacheStats::misses},
    {"scalar_cache_coalesced_total", "counter", "Rows that waited for another request.", &cache::CacheStats::coalesced},
    {"scalar_cache_inserts_total", "counter", "Rows stored.", &cache::CacheStats::inserts},
    {"scalar_cache_evictions_total", "counter", "Rows pushed out.", &cache::CacheStats::evictions},
    {"scalar_cache_bypassed_total", "counter", "Rows not stored.", &cache::CacheStats::bypassed},
    {"scalar_cache_entries", "gauge", "Rows in the cache.", &cache::CacheStats::entries},
    {"scalar_cache_bytes", "gauge", "Bytes of the cache.", &cache::CacheStats::bytes},
};

}  // namespace

void ModelMetrics::retire(const cache::CacheStats& stats) {
  const std::lock_guard lock(mutex_);
  add(retired_, stats);
  retired_.entries = retired_.bytes = 0;
}
cache::CacheStats ModelMetrics::retired() const {
  const std::lock_guard lock(mutex_);
  return retired_;
}

void append_metrics(std::string& out, const ServerMetrics& server, const Budget& memory, const Snapshot& models) {
  Text text(out);
  append_server(text, server, memory);
  if (models.models().empty()) return;
  text.family("scalar_requests_total", "counter", "Infer requests by model and status code.");
  for (const auto& [name, model] : models.models())
    for (std::size_t i = 0; i < StatusCounts::codes.size(); ++i)
      if (i == 0 || model.metrics->requests.count(i) > 0)
        text.sample(label("model", name) + "," + code_label(StatusCounts::codes[i]), model.metrics->requests.count(i));
  text.family("scalar_request_duration_seconds", "histogram", "From the last byte of an infer request to its answer.");
  for (const auto& [name, model] : models.models()) append_latency(text, label("model", name), model.metrics->latency);
  text.family("scalar_rows_total", "counter", "Rows answered.");
  for (const auto& [name, model] : models.models())
    text.sample(label("model", name), model.metrics->rows.load(std::memory_order_relaxed));
  text.family("scalar_model_version_info", "gauge", "The versions served, always 1.");
  for (const auto& [name, model] : models.models())
    for (const auto& served : model.versions)
      text.sample(label("model", name) + "," + label("version", served->version), std::uint64_t{1});
  for (const CacheFamily& family : cache_families) {
    text.family(family.name, family.type, family.help);
    for (const auto& [name, model] : models.models()) {
      text.sample(label("model", name), model.cache_stats().*family.value);
    }
  }
}

}  // namespace scalar::inline v0::serve
