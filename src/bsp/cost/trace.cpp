#include "scalar/bsp/cost/trace.hpp"

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>

#include "bsp/engine/tracer.hpp"

namespace scalar::inline v0::bsp {
namespace {

template <class... Values>
void append(std::string& text, const char* format, Values... values) {
  char line[256];
  const int size = std::snprintf(line, sizeof line, format, values...);
  text.append(line, static_cast<std::size_t>(std::clamp(size, 0, static_cast<int>(sizeof line) - 1)));
}

double us(Nanoseconds time) noexcept { return time.count() / 1e3; }
double seconds(Nanoseconds time) noexcept { return time.count() / 1e9; }

}  // namespace

Trace::Trace(const TraceOptions& options) : impl_(std::make_unique<Impl>()) { impl_->options = options; }
Trace::~Trace() = default;

std::vector<SuperstepRecord> Trace::records() const {
  const std::lock_guard lock(impl_->mutex);
  return {impl_->records.begin(), impl_->records.end()};
}

std::string Trace::report() const {
  std::string text =
      "   run superstep    time us    work us  imbalance  slowest     messages      h bytes predicted us\n";
  const std::lock_guard lock(impl_->mutex);
  for (const SuperstepRecord& r : impl_->records)
    append(text, "%6llu %9llu %10.1f %10.1f %10.2f %8d %12llu %12llu %12.1f\n", static_cast<unsigned long long>(r.run),
           static_cast<unsigned long long>(r.superstep), us(r.time), us(r.work), r.imbalance(), r.slowest,
           static_cast<unsigned long long>(r.messages), static_cast<unsigned long long>(r.h), us(r.predicted));
  append(text, "%llu runs, %llu supersteps, %.3f ms, %.3f ms of work by peers, %llu messages, %llu bytes\n",
         static_cast<unsigned long long>(impl_->runs), static_cast<unsigned long long>(impl_->supersteps),
         us(impl_->time) / 1e3, us(impl_->work) / 1e3, static_cast<unsigned long long>(impl_->messages),
         static_cast<unsigned long long>(impl_->bytes));
  return text;
}

std::string Trace::chrome_json() const {
  std::string text = "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[";
  bool is_first = true;
  const auto begin_event = [&] { text += std::exchange(is_first, false) ? "\n" : ",\n"; };
  const std::lock_guard lock(impl_->mutex);
  for (const SuperstepRecord& r : impl_->records) {
    begin_event();
    append(text, "{\"name\":\"superstep %llu\",\"ph\":\"X\",\"pid\":%llu,\"tid\":0,\"ts\":%.3f,\"dur\":%.3f,",
           static_cast<unsigned long long>(r.superstep), static_cast<unsigned long long>(r.run), us(r.begin),
           us(r.time));
    append(text, "\"args\":{\"work_us\":%.3f,\"imbalance\":%.3f,\"slowest\":%d,\"messages\":%llu,\"h_bytes\":%llu,",
           us(r.work), r.imbalance(), r.slowest, static_cast<unsigned long long>(r.messages),
           static_cast<unsigned long long>(r.h));
    append(text, "\"predicted_us\":%.3f}}", us(r.predicted));
  }
  for (const BusyTime& b : impl_->busy) {
    begin_event();
    append(text, "{\"name\":\"peers\",\"ph\":\"X\",\"pid\":%llu,\"tid\":%u,\"ts\":%.3f,\"dur\":%.3f}",
           static_cast<unsigned long long>(b.run), b.worker + 1, us(Nanoseconds(b.begin)),
           us(Nanoseconds(b.end - b.begin)));
  }
  return text + "\n]}\n";
}

std::string Trace::prometheus() const {
  std::string text;
  const auto counter = [&](const char* name, const char* help, double value) {
    append(text, "# HELP scalar_bsp_%s %s\n# TYPE scalar_bsp_%s counter\n", name, help, name);
    append(text, "scalar_bsp_%s %.17g\n", name, value);
  };
  const std::lock_guard lock(impl_->mutex);
  counter("runs_total", "Programs run.", static_cast<double>(impl_->runs));
  counter("supersteps_total", "Supersteps ended.", static_cast<double>(impl_->supersteps));
  counter("messages_total", "Messages sent by peers of this process.", static_cast<double>(impl_->messages));
  counter("message_bytes_total", "Bytes of these messages.", static_cast<double>(impl_->bytes));
  counter("superstep_seconds_total", "Time from opening to opening of supersteps.", seconds(impl_->time));
  counter("work_seconds_total", "Time in which peers of this process computed.", seconds(impl_->work));
  return text;
}

}  // namespace scalar::inline v0::bsp
