#include "scalar/bsp/serialize.hpp"

#include <deque>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "scalar/core/error.hpp"
#include "scalar/core/random.hpp"
#include "support/catch.hpp"

using namespace scalar;
using bsp::from_bytes;
using bsp::Serializer;
using bsp::to_bytes;

namespace {

struct Point {
  double x = 0, y = 0;
  friend bool operator==(const Point&, const Point&) = default;
};
struct Unknown {
  std::string text;
};
struct Derived : std::vector<int> {
  int more = 0;
};
/// A type with a format of its own.
struct Temperature {
  std::string unit = "C";
  int degrees = 0;
  friend bool operator==(const Temperature&, const Temperature&) = default;
};
enum class Color : unsigned char { red, green };

}  // namespace

template <>
struct scalar::bsp::Serializer<Temperature> {
  static constexpr bool available = true;
  static void write(const Temperature& value, std::vector<std::byte>& out) {
    Serializer<int>::write(value.degrees, out);
    Serializer<std::string>::write(value.unit, out);
  }
  static void read(std::span<const std::byte>& in, Temperature& value) {
    Serializer<int>::read(in, value.degrees);
    Serializer<std::string>::read(in, value.unit);
  }
};

namespace {

using Nested = std::map<std::string, std::vector<std::optional<std::vector<float>>>>;
using Everything = std::tuple<std::string, std::vector<int>, std::pair<int, std::string>, std::optional<std::string>,
                              std::variant<int, std::string>, std::array<std::string, 2>, std::set<std::string>,
                              std::unordered_map<int, Point>, std::deque<bool>, std::vector<bool>, Nested>;

Everything everything() {
  return {"text",
          {1, 2, 3},
          {7, "seven"},
          "there",
          std::string("second"),
          {"a", std::string(100, 'b')},
          {"x", "y", ""},
          {{1, {2, 3}}, {4, {5, 6}}},
          {true, false},
          {false, true, true},
          {{"first", {{{1.5f, 2.5f}}, std::nullopt}}, {"none", {}}}};
}

static_assert(Serializer<int>::available && Serializer<Point>::available && Serializer<Color>::available);
static_assert(Serializer<Everything>::available && Serializer<std::vector<Temperature>>::available);
static_assert(Serializer<std::multimap<int, std::string>>::available && Serializer<std::list<Point>>::available);
static_assert(Serializer<std::u32string>::available && Serializer<std::unordered_set<std::string>>::available);
static_assert(!Serializer<Unknown>::available && !Serializer<std::vector<Unknown>>::available);
static_assert(!Serializer<std::map<int, Unknown>>::available && !Serializer<std::pair<int, Unknown>>::available);
static_assert(!Serializer<Derived>::available, "a class derived from a container may hold more than it");
static_assert(!Serializer<int*>::available && !Serializer<std::string_view>::available);
static_assert(!Serializer<std::span<int>>::available && !Serializer<std::optional<int*>>::available);
static_assert(!Serializer<std::vector<const char*>>::available && !Serializer<std::array<int*, 2>>::available);
static_assert(!Serializer<std::unique_ptr<int>>::available && !Serializer<std::shared_ptr<int>>::available);
static_assert(!Serializer<std::reference_wrapper<int>>::available && !Serializer<void (*)()>::available);

template <class T>
void check_same(const T& value) {
  const auto bytes = to_bytes(value);
  CHECK(from_bytes<T>(bytes) == value);
  // One after the other, into a value that held something.
  std::vector<std::byte> twice;
  Serializer<T>::write(value, twice);
  Serializer<T>::write(T{}, twice);
  std::span<const std::byte> in = twice;
  T got = value;
  Serializer<T>::read(in, got);
  CHECK(got == value);
  Serializer<T>::read(in, got);
  CHECK(got == T{});
  CHECK(in.empty());
}

template <class T>
std::string error_of(std::span<const std::byte> bytes) {
  try {
    (void)from_bytes<T>(bytes);
    return "no error";
  } catch (const Error& error) {
    return (error.code() == Errc::parse ? "" : "another code: ") + std::string(error.what());
  }
}

std::vector<std::byte> bytes_of(std::initializer_list<int> values) {
  std::vector<std::byte> bytes;
  for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

}  // namespace

TEST_CASE("values come back from their bytes") {
  check_same(42);
  check_same(Point{1.5, -2});
  check_same(Color::green);
  check_same(true);
  check_same(std::string(1000, 'x'));
  check_same(std::u32string(U"\u00e4\u20ac"));
  check_same(std::vector<Point>{{1, 2}, {3, 4}});
  check_same(std::vector<std::vector<std::string>>{{"a", "b"}, {}, {"c"}});
  check_same(std::list<std::string>{"a", "b"});
  check_same(std::multimap<int, std::string>{{1, "a"}, {1, "b"}});
  check_same(std::unordered_set<std::string>{"a", "b", "c"});
  check_same(std::map<std::pair<int, int>, std::string>{{{1, 2}, "x"}});
  check_same(std::optional<int>(3));
  check_same(std::vector<Temperature>{{"F", 80}, {"C", 20}});
  check_same(everything());
}

TEST_CASE("the bytes are counts and memory") {
  CHECK(to_bytes(std::string("ab")) == bytes_of({2, 0, 0, 0, 0, 0, 0, 0, 'a', 'b'}));
  CHECK(to_bytes(std::optional<std::string>()) == bytes_of({0}));
  CHECK(to_bytes(std::pair<char, std::string>('c', "")) == bytes_of({'c', 0, 0, 0, 0, 0, 0, 0, 0}));
}

TEST_CASE("bytes that are no value are errors") {
  const auto huge = bytes_of({255, 255, 255, 255, 255, 255, 255, 127, 1, 2, 3});
  CHECK(error_of<int>(bytes_of({1, 2, 3})) == "bsp message: int needs 4 bytes, but 3 are left");
  CHECK(error_of<int>(bytes_of({1, 2, 3, 4, 5})) == "bsp message: int: bytes left over: 1");
  CHECK(error_of<bool>(bytes_of({2})) == "bsp message: bool: neither false nor true: 2");
  CHECK(error_of<std::vector<int>>(huge) ==
        "bsp message: std::vector<int, std::allocator<int> >: more elements than bytes: 9223372036854775807");
  CHECK(error_of<std::vector<int>>(bytes_of({1, 0, 0, 0, 0, 0, 0, 0, 9, 9, 9})).find("more elements than bytes: 1") !=
        std::string::npos);
  CHECK(error_of<std::vector<std::string>>(huge).find("more elements than bytes") != std::string::npos);
  CHECK(error_of<std::map<std::string, int>>(huge).find("more elements than bytes") != std::string::npos);
  CHECK(error_of<std::string>(huge).find("more elements than bytes") != std::string::npos);
  CHECK(
      error_of<std::variant<int, std::string>>(bytes_of({2, 0, 0, 0, 0, 0, 0, 0, 1})).find("no such alternative: 2") !=
      std::string::npos);
  CHECK(error_of<std::optional<std::string>>(bytes_of({7})).find("neither false nor true: 7") != std::string::npos);
}

TEST_CASE("every prefix and every damaged byte is an error or a value") {
  const auto bytes = to_bytes(everything());
  for (std::size_t size = 0; size < bytes.size(); ++size)
    REQUIRE(error_of<Everything>(std::span(bytes).first(size)).starts_with("bsp message: "));
  Philox random(3, 0);
  int errors = 0;
  for (int trial = 0; trial < 20'000; ++trial) {
    auto damaged = bytes;
    for (auto count = 1 + random() % 4; count != 0; --count)
      damaged[random() % damaged.size()] = static_cast<std::byte>(random() & 255);
    const std::string text = error_of<Everything>(damaged);
    REQUIRE((text == "no error" || text.starts_with("bsp message: ")));
    errors += text != "no error";
  }
  CHECK(errors > 1000);
}

TEST_CASE("a type that nobody can serialize is named") {
  std::vector<std::byte> out;
  try {
    Serializer<Unknown>::write(Unknown{}, out);
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.code() == Errc::unsupported);
    CHECK(std::string(error.what()).find("Unknown cannot travel between processes: it is neither plain memory") !=
          std::string::npos);
  }
}
