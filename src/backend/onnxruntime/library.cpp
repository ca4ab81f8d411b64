#include "backend/onnxruntime/library.hpp"

#include <charconv>
#include <cstdint>
#include <cstdlib>

#include "backend/onnxruntime/log.hpp"
#include "core/fail.hpp"

namespace scalar::inline v0::backend::onnxruntime {
namespace {

constexpr std::string_view oldest = "1.16";
constexpr std::uint32_t api_version = 16;
constexpr std::string_view system_names[] = {"libonnxruntime.so.1", "libonnxruntime.so"};
constexpr std::string_view variables[] = {"ORT_DISABLE_TELEMETRY", "OMP_WAIT_POLICY"};
constexpr FrameworkNames names{
    .name = "onnxruntime",
    .title = "ONNX Runtime",
    .system = system_names,
    .cached = "libonnxruntime.so",
    .advice =
        "run cmake/fetch-frameworks.sh, or give the path of PyPI onnxruntime's capi/libonnxruntime.so.* as "
        "BackendOptions.library",
    .environment = variables};

struct ApiBase {
  const void* const* (*api)(std::uint32_t version);
  const char* (*version)();
};

/// The number behind "1." in a version; 0 if it does not begin so.
unsigned minor_of(std::string_view version) {
  unsigned minor = 0;
  if (version.substr(0, 2) == "1.") std::from_chars(version.data() + 2, version.data() + version.size(), minor);
  return minor;
}

const ApiBase& base_of(const FrameworkLibrary& library) {
  const ApiBase* (*get)() = nullptr;
  library.find(get, "OrtGetApiBase", oldest);
  return *get();
}

Api api_of(const FrameworkLibrary& library) {
  const ApiBase& base = base_of(library);
  // Asking a version for a table that it does not have makes it print.
  const std::string version = base.version();
  const void* const* const table = minor_of(version) >= api_version ? base.api(api_version) : nullptr;
  if (table == nullptr)
    fail(Errc::unavailable, names.name, "{} is ONNX Runtime {}, expected {} or a later 1.x", library.path(), version,
         oldest);
  return Api(table);
}

/// From this version on, an environment that is created without ORT_DISABLE_TELEMETRY starts a thread that reports to
/// ONNX Runtime's makers and keeps files in the user's home. No function of the API prevents it.
constexpr unsigned reporting_version = 29;

void refuse_reports(const FrameworkLibrary& library, const std::string& version) {
  if (minor_of(version) < reporting_version || std::getenv("ORT_DISABLE_TELEMETRY") != nullptr) return;
  fail(Errc::unavailable, names.name,
       "{} is ONNX Runtime {}, which would write files to the user's home and report to its makers; call "
       "scalar::backend::prepare_process() at the start of main, or set ORT_DISABLE_TELEMETRY",
       library.path(), version);
}

}  // namespace

Library::Library(const std::string& path)
    : library_(names, path), version_(base_of(library_).version()), api_(api_of(library_)) {
  refuse_reports(library_, version_);
  constexpr int warning = 2;
  // There is one environment: if it exists, it gets one more owner. It is never released, as the library stays open.
  // What it says about itself has an id that no LogRoute has, and is dropped.
  check(api_.create_env(log_message, nullptr, warning, "environment", &env_), "CreateEnvWithCustomLogger",
        Errc::unavailable);
  check(api_.disable_telemetry(env_), "DisableTelemetryEvents", Errc::unavailable);
  constexpr int arena_allocator = 1, default_memory = 0;
  check(api_.create_memory_info(arena_allocator, default_memory, &memory_), "CreateCpuMemoryInfo", Errc::unavailable);
  check(api_.default_allocator(&allocator_), "GetAllocatorWithDefaultOptions", Errc::unavailable);
}

Library::~Library() { api_.release_memory_info(memory_); }

void Library::refuse(Status* status, std::string_view place, Errc code) const {
  constexpr int not_implemented = 9;
  if (api_.error_code(status) == not_implemented) code = Errc::unsupported;
  const std::string message = api_.error_message(status);
  api_.release_status(status);
  fail(code, place, "{}", message);
}

}  // namespace scalar::inline v0::backend::onnxruntime
