#include "backend/framework_library.hpp"

#include <array>
#include <cstdlib>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "scalar/core/error.hpp"
#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

using namespace scalar;

namespace {

constexpr std::array<std::string_view, 1> system_files{"libscalar_nobody_has_this.so"};
constexpr std::array<std::string_view, 2> needed{"SCALAR_TEST_NEVER_SET", "PATH"};
constexpr backend::FrameworkNames names{.name = "made_up",
                                        .title = "MadeUp",
                                        .system = system_files,
                                        .cached = "lib/libmade_up.so",
                                        .advice = "install it",
                                        .environment = needed};

/// Sets a variable of this process until the end of the scope; no other thread runs.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before, was_set_ = true;
    ::setenv(name, value.c_str(), 1);
  }
  Variable(const Variable&) = delete;
  ~Variable() { was_set_ ? ::setenv(name_, before_.c_str(), 1) : ::unsetenv(name_); }

 private:
  const char* name_;
  std::string before_{};
  bool was_set_ = false;
};

void require_unavailable(const std::string& path, const std::vector<std::string>& texts) {
  try {
    const backend::FrameworkLibrary library(names, path);
    FAIL("opened " << library.path());
  } catch (const Error& error) {
    CHECK(error.code() == Errc::unavailable);
    CHECK(error.context() == "made_up");
    for (const std::string& text : texts) CHECK_THAT(error.what(), Catch::Contains(text));
  }
}

/// The first bytes of a shared library, of which the dynamic linker looks at machine and class.
std::string elf(unsigned char bits, unsigned char machine) {
  std::string header(64, '\0');
  header.replace(0, 7,
                 std::string("\x7f"
                             "ELF") +
                     static_cast<char>(bits) + "\x01\x01");
  header[16] = 3;  // a shared object
  header[18] = static_cast<char>(machine);
  header[20] = 1;
  return header;
}

}  // namespace

TEST_CASE("a framework that is nowhere is unavailable, and every path tried is named") {
  const test::TemporaryDirectory cache;
  const Variable variable("SCALAR_CACHE", cache.path());
  require_unavailable("", {"MadeUp's library cannot be opened, tried ", cache / "frameworks/made_up/lib/libmade_up.so",
                           "; libscalar_nobody_has_this.so (", "; install it"});
  require_unavailable("/nowhere/made_up.so", {"tried /nowhere/made_up.so (", "No such file"});
  const Variable chosen("SCALAR_MADE_UP_LIBRARY", "/elsewhere/made_up.so");
  require_unavailable("", {"tried /elsewhere/made_up.so ("});
  require_unavailable("/nowhere/made_up.so", {"tried /nowhere/made_up.so ("});
}

TEST_CASE("a file that is no library of this machine is unavailable, with the linker's reason") {
  const test::TemporaryDirectory directory;
  const auto file = [&](const std::string& name, const std::string& bytes) {
    std::ofstream(directory / name, std::ios::binary) << bytes;
    return directory / name;
  };
  require_unavailable(file("text.so", std::string(100, 'x')), {"text.so (", "invalid ELF header"});
  require_unavailable(file("empty.so", ""), {"empty.so (", "file too short"});
  require_unavailable(file("wide.so", elf(1, 3)), {"wide.so (", "wrong ELF class: ELFCLASS32"});
#if defined(__x86_64__)
  constexpr unsigned char other_machine = 183;  // EM_AARCH64
#else
  constexpr unsigned char other_machine = 62;  // EM_X86_64
#endif
  require_unavailable(file("foreign.so", elf(2, other_machine)), {"foreign.so (", "cannot open shared object file"});
}

TEST_CASE("a library without a function says which version has it") {
  const backend::FrameworkLibrary library(names, "libm.so.6");
  CHECK(library.path() == "libm.so.6");
  double (*cosine)(double) = nullptr;
  library.find(cosine, "cos", "1.0");
  CHECK(cosine(0) == 1);
  int (*missing)() = nullptr;
  CHECK_THROWS_WITH(library.find(missing, "made_up_train", "2.5"),
                    "made_up: libm.so.6 has no function made_up_train, expected MadeUp 2.5 or newer");
}

TEST_CASE("what was not in the environment is said once, in one warning") {
  std::vector<std::pair<LogLevel, std::string>> said;
  const Runtime runtime({.threads = 1, .log = [&](LogLevel level, std::string_view room, std::string_view message) {
                           CHECK(room == "made_up");
                           said.emplace_back(level, message);
                         }});
  const backend::FrameworkLibrary library(names, "libm.so.6");
  library.log_unset(runtime);
  library.log_unset(runtime);
  REQUIRE(said.size() == 1);
  CHECK(said[0].first == LogLevel::warning);
  CHECK_THAT(said[0].second, Catch::Contains("without SCALAR_TEST_NEVER_SET in the environment"));
  CHECK_THAT(said[0].second, Catch::Contains("prepare_process()"));
  const Variable set("SCALAR_TEST_NEVER_SET", "1");
  backend::FrameworkLibrary(names, "libm.so.6").log_unset(runtime);
  CHECK(said.size() == 1);
}
