#include "scalar/data/idx.hpp"

#include <array>
#include <fstream>
#include <functional>

#include "scalar/core/error.hpp"
#include "scalar/data/store.hpp"
#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/paths.hpp"

using namespace scalar;
using test::message_of;

namespace {

std::string idx(int type, const std::vector<std::uint32_t>& shape, std::string_view body) {
  std::string text{'\0', '\0', static_cast<char>(type), static_cast<char>(shape.size())};
  for (const std::uint32_t size : shape)
    for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(size >> shift);
  return text.append(body);
}

}  // namespace

TEST_CASE("every element type") {
  const auto numbers = [](int type, std::string_view body) {
    const auto size = static_cast<std::uint32_t>(body.size() / (type < 0x0b    ? 1
                                                                : type == 0x0b ? 2
                                                                : type == 0x0e ? 8
                                                                               : 4));
    const data::IdxTensor tensor = data::parse_idx(idx(type, {size}, body));
    std::vector<double> found;
    for (std::int64_t i = 0; i < tensor.count(); ++i) found.push_back(tensor.number(i));
    return found;
  };
  using Doubles = std::vector<double>;
  CHECK(numbers(0x08, "\x01\xff") == Doubles{1, 255});
  CHECK(numbers(0x09, "\x01\xff") == Doubles{1, -1});
  CHECK(numbers(0x0b, {"\x01\x02\xff\xfe", 4}) == Doubles{258, -2});
  CHECK(numbers(0x0c, {"\x00\x01\x00\x00", 4}) == Doubles{65536});
  CHECK(numbers(0x0d, {"\xc0\x20\x00\x00", 4}) == Doubles{-2.5});  // IEEE 754: 1 10000000 01000...
  CHECK(numbers(0x0e, {"\x3f\xf8\x00\x00\x00\x00\x00\x00", 8}) == Doubles{1.5});
  const data::IdxTensor cube = data::parse_idx(idx(8, {2, 1, 3}, "abcdef"));
  CHECK(cube.shape == std::vector<std::int64_t>{2, 1, 3});
}

TEST_CASE("damaged files are refused") {
  const std::string good = idx(8, {2, 3}, "abcdef");
  for (std::size_t size = 0; size < good.size(); ++size)
    CHECK(message_of(Errc::parse, [&] { data::parse_idx(good.substr(0, size)); }).find("idx: ends ") == 0);
  CHECK(message_of(Errc::parse, [&] { data::parse_idx(good + "g"); }) ==
        "idx: goes on after the 6 bytes of data that its shape needs");
  CHECK(message_of(Errc::parse, [&] { data::parse_idx("x" + good); }).find("two zero bytes") != std::string::npos);
  CHECK(message_of(Errc::parse, [&] { data::parse_idx(idx(7, {1}, "a")); }).find("element type 7") !=
        std::string::npos);
  message_of(Errc::parse, [&] { data::parse_idx(idx(8, {}, "")); });
  // A claim of 2^62 bytes takes no memory; one beyond 64 bits does not wrap around.
  CHECK(message_of(Errc::parse, [&] {
          data::parse_idx(idx(8, {1u << 31, 1u << 31}, "abc"));
        }) == "idx: ends after 3 bytes of data, its shape needs 4611686018427387904");
  message_of(Errc::too_large, [&] { data::parse_idx(idx(8, {1u << 31, 1u << 31, 1u << 31}, "abc")); });
  message_of(Errc::too_large, [&] { data::parse_idx(idx(14, {1u << 31, 1u << 31}, "abc")); });
}

TEST_CASE("images and labels become a dataset") {
  const Runtime runtime;
  const auto put = [&](const char* uri, const std::string& bytes) { data::write_bytes(uri, bytes, runtime); };
  put("mem:images", idx(8, {3, 1, 2}, {"\x00\x01\x02\x03\xff\x80", 6}));
  put("mem:labels", idx(8, {3}, {"\x00\x02\x01", 3}));
  const Dataset data = data::read_idx_dataset("mem:images", "mem:labels", {.scale = 1 / 255.f}, runtime);
  CHECK(data.rows() == 3);
  CHECK(data.columns() == 2);
  CHECK(data.row(2)[0] == 1.0f);
  CHECK(data.row(1)[1] == 3 * (1 / 255.f));
  CHECK(data.target(1) == 2);
  CHECK(data.classes() == std::vector<std::string>{"0", "1", "2"});
  const auto fails = [&](Errc code) {
    return message_of(code, [&] { data::read_idx_dataset("mem:images", "mem:labels", {}, runtime); });
  };
  put("mem:labels", idx(8, {2}, "ab"));
  CHECK(fails(Errc::shape_mismatch).find("mem:labels: has 2 labels") == 0);
  put("mem:labels", idx(8, {3, 1}, "abc"));
  fails(Errc::shape_mismatch);
  put("mem:labels", idx(9, {3}, {"\x00\xff\x01", 3}));
  CHECK(fails(Errc::out_of_range) == "mem:labels: label 1 is -1, expected 0 to 65535");
  put("mem:labels", idx(13, {3}, std::string(12, '\0')));
  fails(Errc::type_mismatch);
  put("mem:images", idx(8, {0, 1u << 31, 1u << 31}, ""));
  put("mem:labels", idx(8, {0}, ""));
  CHECK(fails(Errc::empty) == "mem:images: holds no images");
  message_of(Errc::not_found, [&] { data::read_idx("mem:nowhere", runtime); });
}

TEST_CASE("the MNIST test set, and every way to cut its gzip") {
  const std::string folder = test::shared_data("."), labels = folder + "/t10k-labels-idx1-ubyte.gz";
  if (!std::ifstream(labels)) {
    WARN("skipped: " + labels + " is not there");
    return;
  }
  const Dataset data = data::read_idx_dataset(folder + "/t10k-images-idx3-ubyte.gz", labels, {.scale = 1 / 255.f});
  CHECK(data.rows() == 10'000);
  CHECK(data.columns() == 784);
  std::array<int, 10> counts{};
  for (std::int64_t i = 0; i < data.rows(); ++i) ++counts[static_cast<std::size_t>(data.target(i))];
  CHECK(counts == std::array<int, 10>{980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009});  // as published
  double sum = 0;
  for (std::int64_t i = 0; i < data.rows(); ++i)
    for (const float pixel : data.row(i)) sum += static_cast<double>(pixel);
  CHECK(sum / (10'000 * 784) == Approx(0.1325).epsilon(1e-3));  // the mean that is commonly given

  const std::string whole = data::read_bytes(labels);
  for (std::size_t size = 2; size < whole.size(); size += 1 + size / 20)
    message_of(Errc::corrupt, [&] { data::parse_idx(whole.substr(0, size)); });
  std::string flipped = whole;
  flipped[whole.size() / 2] = static_cast<char>(flipped[whole.size() / 2] ^ 0x20);
  CHECK_THROWS_AS(data::parse_idx(flipped), Error);
  message_of(Errc::corrupt, [&] { data::parse_idx(whole + "x"); });
  CHECK(data::parse_idx(whole).count() == 10'000);
}
