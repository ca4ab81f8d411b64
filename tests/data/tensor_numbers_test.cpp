#include "scalar/data/tensor_numbers.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "scalar/core/error.hpp"
#include "support/catch.hpp"

using namespace scalar;
using Catch::Matchers::Contains;

namespace {

template <class T>
struct Numbers {
  std::array<std::int64_t, 1> shape;
  std::vector<T> values;
  DataType type;

  Numbers(DataType of, std::vector<T> given)
      : shape{static_cast<std::int64_t>(given.size())}, values(std::move(given)), type(of) {}
  TensorView view() const { return {.type = type, .shape = shape, .data = std::as_bytes(std::span(values))}; }
  std::vector<double> doubles() const {
    std::vector<double> out(values.size());
    data::copy_numbers(view(), std::span(out));
    return out;
  }
  std::vector<float> floats() const {
    std::vector<float> out(values.size());
    data::copy_numbers(view(), std::span(out));
    return out;
  }
};

}  // namespace

TEST_CASE("numbers of every type become doubles", "[data]") {
  CHECK(Numbers<std::uint8_t>(DataType::boolean, {0, 1}).doubles() == std::vector<double>{0, 1});
  CHECK(Numbers<std::uint8_t>(DataType::uint8, {0, 255}).doubles() == std::vector<double>{0, 255});
  CHECK(Numbers<std::int8_t>(DataType::int8, {-128, 127}).doubles() == std::vector<double>{-128, 127});
  CHECK(Numbers<std::uint16_t>(DataType::uint16, {65535}).doubles() == std::vector<double>{65535});
  CHECK(Numbers<std::int16_t>(DataType::int16, {-32768}).doubles() == std::vector<double>{-32768});
  CHECK(Numbers<std::uint32_t>(DataType::uint32, {4294967295U}).doubles() == std::vector<double>{4294967295.0});
  CHECK(Numbers<std::int32_t>(DataType::int32, {-7}).doubles() == std::vector<double>{-7});
  CHECK(Numbers<std::int64_t>(DataType::int64, {std::int64_t{1} << 53}).doubles() == std::vector<double>{0x1p53});
  CHECK(Numbers<float>(DataType::float32, {0.1f}).doubles() == std::vector<double>{static_cast<double>(0.1f)});
  // IEEE 754 binary16: 1.5, the least subnormal, and the largest number; bfloat16: -2 and pi cut to 8 bits.
  CHECK(Numbers<std::uint16_t>(DataType::float16, {0x3e00, 0x0001, 0x7bff}).doubles() ==
        std::vector<double>{1.5, 0x1p-24, 65504});
  CHECK(Numbers<std::uint16_t>(DataType::bfloat16, {0xc000, 0x4049}).doubles() == std::vector<double>{-2, 3.140625});
}

TEST_CASE("a number that the other type does not hold is named", "[data]") {
  CHECK_THROWS_WITH(Numbers<std::int64_t>(DataType::int64, {1, (std::int64_t{1} << 53) + 1}).doubles(),
                    Contains("element 1") && Contains("9007199254740993, which no FP64 is"));
  CHECK_THROWS_WITH(Numbers<std::uint64_t>(DataType::uint64, {~std::uint64_t{0}}).doubles(),
                    Contains("18446744073709551615"));
  CHECK_THROWS_WITH(Numbers<std::uint8_t>(DataType::boolean, {2}).doubles(), Contains("2, which no BOOL is"));
  CHECK_THROWS_WITH(Numbers<double>(DataType::float64, {0.1}).floats(), Contains("0.1, which no FP32 is"));
  CHECK_THROWS_WITH(Numbers<double>(DataType::float64, {1e300}).floats(), Contains("1e+300") || Contains("1e300"));
  CHECK(Numbers<double>(DataType::float64, {0.5, -8}).floats() == std::vector<float>{0.5f, -8});
  CHECK_THROWS_WITH(Numbers<std::int32_t>(DataType::int32, {16777217}).floats(),
                    Contains("16777217, which no FP32 is"));
  const std::vector<double> special = Numbers<float>(DataType::float32, {std::numeric_limits<float>::infinity(),
                                                                         std::numeric_limits<float>::quiet_NaN()})
                                          .doubles();
  CHECK((std::isinf(special[0]) && std::isnan(special[1])));
  TensorView texts;
  texts.type = DataType::bytes;
  std::vector<double> none;
  CHECK_THROWS_WITH(data::copy_numbers(texts, std::span(none)), Contains("BYTES"));
}

TEST_CASE("numbers may lie at any address", "[data]") {
  const std::array<double, 2> values{1.25, -3};
  std::vector<std::byte> bytes(17);
  std::memcpy(bytes.data() + 1, values.data(), sizeof values);
  const std::array<std::int64_t, 1> shape{2};
  std::vector<double> out(2);
  data::copy_numbers({.type = DataType::float64, .shape = shape, .data = std::span(bytes).subspan(1)}, std::span(out));
  CHECK(out == std::vector<double>{1.25, -3});
}
