// Messages that are not plain memory, of every kind of type that needs no library: any bytes are a value, which is
// written as it was read, or a parse error.
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <list>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "scalar/bsp/serialize.hpp"
#include "scalar/core/error.hpp"

using namespace scalar;

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

template <class T>
void read(std::span<const std::byte> bytes) {
  static_assert(bsp::Serializer<T>::available);
  const std::size_t size = bytes.size();
  try {
    T value{};
    bsp::Serializer<T>::read(bytes, value);
    check(bytes.size() <= size);
    const std::vector<std::byte> once = bsp::to_bytes(value);
    const std::vector<std::byte> again = bsp::to_bytes(bsp::from_bytes<T>(once));
    check(again.size() == once.size());
    if constexpr (!requires { typename T::hasher; }) check(again == once);  // else the order may be another
  } catch (const Error& error) {
    check(error.code() == Errc::parse);
  }
}

using Text = std::string;
constexpr void (*readers[])(std::span<const std::byte>){
    read<bool>,
    read<std::uint64_t>,
    read<Text>,
    read<std::u32string>,
    read<std::vector<int>>,
    read<std::vector<bool>>,
    read<std::vector<Text>>,
    read<std::vector<std::vector<std::vector<char>>>>,
    read<std::vector<std::array<double, 3>>>,
    read<std::deque<int>>,
    read<std::deque<Text>>,
    read<std::list<std::deque<std::uint16_t>>>,
    read<std::set<int>>,
    read<std::set<char>>,
    read<std::multiset<Text>>,
    read<std::map<int, Text>>,
    read<std::map<Text, std::vector<Text>>>,
    read<std::multimap<std::uint8_t, std::uint8_t>>,
    read<std::unordered_set<Text>>,
    read<std::unordered_multiset<std::uint64_t>>,
    read<std::unordered_map<Text, int>>,
    read<std::unordered_multimap<int, std::vector<int>>>,
    read<std::pair<int, Text>>,
    read<std::tuple<Text, bool, std::vector<float>>>,
    read<std::array<Text, 4>>,
    read<std::vector<std::array<Text, 0>>>,
    read<std::vector<std::tuple<>>>,
    read<std::optional<Text>>,
    read<std::optional<std::optional<Text>>>,
    read<std::vector<std::optional<Text>>>,
    read<std::variant<Text, int, std::vector<Text>>>,
    read<std::vector<std::variant<std::monostate, Text>>>,
    read<std::map<std::pair<int, Text>, std::variant<std::optional<Text>, std::set<int>>>>,
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  readers[data[0] % std::size(readers)](std::as_bytes(std::span(data + 1, size - 1)));
  return 0;
}
