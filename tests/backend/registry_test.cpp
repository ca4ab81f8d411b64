#include "scalar/backend/registry.hpp"

#include <algorithm>
#include <deque>
#include <string>
#include <vector>

#include "scalar/backend/erase.hpp"
#include "scalar/backend/native/native.hpp"
#include "support/errors.hpp"

using namespace scalar;

namespace {

/// Native under another name.
struct Renamed : backend::Native {
  std::string_view name() const noexcept { return "renamed"; }
};
std::shared_ptr<const AnyBackend::Interface> make_renamed(const backend::BackendOptions&) {
  return backend::erase(Renamed{});
}

/// Adapters called prefix0, prefix1, ... that live until the program ends, as `enter` requires.
std::vector<std::string> enter_many(const std::string& prefix, int count) {
  static std::deque<std::string> names;
  static std::deque<backend::Adapter> adapters;
  std::vector<std::string> entered;
  for (int i = 0; i < count; ++i) {
    const std::string& name = names.emplace_back(prefix + std::to_string(i));
    CHECK(backend::enter(adapters.emplace_back(backend::Adapter{name, make_renamed})));
    entered.push_back(name);
  }
  return entered;
}

}  // namespace

TEST_CASE("any number of adapters is found by name") {
  const std::vector<std::string> entered = enter_many("many", 200);
  const std::vector<std::string> names = backend::available();
  CHECK(std::ranges::is_sorted(names));
  CHECK(std::ranges::count(names, "native") == 1);
  for (const std::string& name : entered) {
    CHECK(std::ranges::count(names, name) == 1);
    CHECK(backend::named(name).name() == "renamed");
  }
}

TEST_CASE("the first adapter of a name stays") {
  static backend::Adapter first{"one name", make_renamed}, second{"one name", nullptr}, native{"native", nullptr};
  CHECK(backend::enter(first));
  CHECK(!backend::enter(first));
  CHECK(!backend::enter(second));
  CHECK(!backend::enter(native));
  CHECK(backend::named("one name").name() == "renamed");
  CHECK(backend::named("native").name() == "native");
}

TEST_CASE("an unknown name is an error that lists the known ones") {
  const std::string message = test::message_of(Errc::not_found, [] { backend::named("none of these"); });
  CHECK_THAT(message, Catch::Matchers::StartsWith("no backend is called \"none of these\"; there are ") &&
                          Catch::Matchers::Contains("native"));
}
