#include "backend/native/kernels/kernels.hpp"

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "scalar/core/random.hpp"
#include "support/catch.hpp"

using namespace scalar;
using namespace scalar::backend::native;

namespace {

std::vector<const Kernels*> all_kernels() {
  std::vector<const Kernels*> found;
  for (const Kernels* each : {baseline_kernels(), avx2_kernels(), avx512_kernels()})
    if (each != nullptr)
      found.push_back(each);
    else
      WARN("skipped: this machine lacks one of the instruction sets");
  return found;
}

template <class T>
std::vector<T> random_values(std::size_t count, std::uint64_t seed, double range = 1) {
  Philox random(seed);
  std::vector<T> values(count);
  for (T& value : values) value = static_cast<T>((2 * random.uniform() - 1) * range);
  return values;
}

template <class T>
void multiply(const Kernels& kernels, const Product<T>& product) {
  if constexpr (sizeof(T) == 4)
    kernels.multiply_float(product);
  else
    kernels.multiply_double(product);
}

/// C as the kernels make it, and the largest difference from a plain loop in long double.
template <class T>
std::vector<T> product_and_error(const Kernels& kernels, std::int64_t rows, std::int64_t panels, std::int64_t depth,
                                 int mode, bool transposed, double& error) {
  constexpr std::int64_t width = panel_width<T>;
  const auto a = random_values<T>(static_cast<std::size_t>(rows * depth), 1);
  const auto b = random_values<T>(static_cast<std::size_t>(panels * depth * width), 2);
  const auto start = random_values<T>(static_cast<std::size_t>(panels * width), 3);
  auto c = random_values<T>(static_cast<std::size_t>(rows * panels * width), 4);
  const auto before = c;
  const std::int64_t a_row = transposed ? 1 : depth, a_depth = transposed ? rows : 1;
  multiply<T>(kernels, {.rows = rows,
                        .panels = panels,
                        .depth = depth,
                        .a = a.data(),
                        .a_row = a_row,
                        .a_depth = a_depth,
                        .b = b.data(),
                        .b_panel = depth * width,
                        .c = c.data(),
                        .c_row = panels * width,
                        .c_panel = width,
                        .start = mode == 1 ? start.data() : nullptr,
                        .add = mode == 2});
  error = 0;
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t n = 0; n < panels * width; ++n) {
      const auto at = static_cast<std::size_t>(i * panels * width + n);
      long double sum = mode == 1 ? start[static_cast<std::size_t>(n)] : mode == 2 ? before[at] : T{0};
      for (std::int64_t k = 0; k < depth; ++k)
        sum += static_cast<long double>(a[static_cast<std::size_t>(i * a_row + k * a_depth)]) *
               b[static_cast<std::size_t>((n / width * depth + k) * width + n % width)];
      error = (std::max)(error, static_cast<double>(std::abs(sum - c[at])));
    }
  return c;
}

}  // namespace

TEMPLATE_TEST_CASE("products of all shapes are those of a plain loop", "", float, double) {
  for (const Kernels* kernels : all_kernels())
    for (const std::int64_t rows : {1, 2, 5, 6, 7, 12, 13, 29})
      for (const std::int64_t panels : {1, 2, 3, 9})
        for (const std::int64_t depth : {0, 1, 3, 256, 300})
          for (const int mode : {0, 1, 2}) {
            double error = 0;
            product_and_error<TestType>(*kernels, rows, panels, depth, mode, rows % 2 == 0, error);
            INFO(kernels->name << ' ' << rows << 'x' << panels << 'x' << depth << " mode " << mode);
            CHECK(error <= 300 * static_cast<double>(std::numeric_limits<TestType>::epsilon()));
          }
}

TEST_CASE("the best kernels that this machine runs are chosen, whatever the program is compiled for") {
  const Kernels* best = baseline_kernels();
  if (avx2_kernels() != nullptr) best = avx2_kernels();
  if (avx512_kernels() != nullptr) best = avx512_kernels();
  CHECK(&kernels() == best);
#if defined(__x86_64__)
  CHECK((avx2_kernels() != nullptr) == (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")));
#endif
}

TEST_CASE("an element has the same bits however its product is cut") {
  for (const Kernels* kernels : all_kernels()) {
    constexpr std::int64_t rows = 29, panels = 9, depth = 777;
    const auto a = random_values<float>(rows * depth, 1), b = random_values<float>(panels * depth * 16, 2);
    std::vector<float> whole(rows * panels * 16), cut(rows * panels * 16);
    Product<float> product{.rows = rows,
                           .panels = panels,
                           .depth = depth,
                           .a = a.data(),
                           .a_row = depth,
                           .a_depth = 1,
                           .b = b.data(),
                           .b_panel = depth * 16,
                           .c = whole.data(),
                           .c_row = panels * 16,
                           .c_panel = 16};
    kernels->multiply_float(product);
    product.rows = 1;
    product.c = cut.data();
    for (std::int64_t i = 0; i < rows; ++i, product.a += depth, product.c += panels * 16)
      kernels->multiply_float(product);
    CHECK(std::memcmp(whole.data(), cut.data(), whole.size() * sizeof(float)) == 0);
  }
}

TEST_CASE("sums over rows of floats are those of a plain loop") {
  for (const Kernels* kernels : all_kernels())
    for (const std::int64_t rows : {1, 3, 4, 10})
      for (const std::int64_t columns : {1, 3, 8, 16, 37}) {
        const std::int64_t stride = columns + 3;
        const auto x = random_values<float>(static_cast<std::size_t>(rows * stride), 5);
        const auto w = random_values<double>(static_cast<std::size_t>(columns), 6);
        std::vector<double> z(static_cast<std::size_t>(rows)), g(static_cast<std::size_t>(columns), 0.25);
        kernels->margins(x.data(), rows, columns, stride, w.data(), 0.5, z.data());
        kernels->add_rows(x.data(), rows, columns, stride, z.data(), g.data());
        for (std::int64_t i = 0; i < rows; ++i) {
          double sum = 0.5;
          for (std::int64_t j = 0; j < columns; ++j)
            sum += static_cast<double>(x[static_cast<std::size_t>(i * stride + j)]) * w[static_cast<std::size_t>(j)];
          CHECK(std::abs(z[static_cast<std::size_t>(i)] - sum) < 1e-14);
        }
        for (std::int64_t j = 0; j < columns; ++j) {
          double sum = 0.25;
          for (std::int64_t i = 0; i < rows; ++i)
            sum += static_cast<double>(x[static_cast<std::size_t>(i * stride + j)]) * z[static_cast<std::size_t>(i)];
          CHECK(std::abs(g[static_cast<std::size_t>(j)] - sum) < 1e-13);
        }
      }
}

TEST_CASE("the Gram kernel adds products of packed columns") {
  for (const Kernels* kernels : all_kernels())
    for (const std::int64_t depth : {1, 255, 600}) {
      constexpr std::int64_t panels = 3;
      const auto packed = random_values<double>(static_cast<std::size_t>(panels * depth * 8), 7);
      const auto at = [&](std::int64_t column, std::int64_t k) {
        return packed[static_cast<std::size_t>((column / 8 * depth + k) * 8 + column % 8)];
      };
      for (std::int64_t j = 0; j < panels; ++j) {
        std::vector<double> c(static_cast<std::size_t>((panels - j) * 64), 1.0);
        kernels->gram(packed.data(), panels, depth, j, c.data());
        for (std::int64_t row = j * 8; row < panels * 8; ++row)
          for (std::int64_t w = 0; w < 8; ++w) {
            double sum = 1;
            for (std::int64_t k = 0; k < depth; ++k) sum += at(row, k) * at(j * 8 + w, k);
            CHECK(std::abs(c[static_cast<std::size_t>((row - j * 8) * 8 + w)] - sum) < 1e-12);
          }
      }
    }
}

TEST_CASE("the logistic loss and its derivative keep their digits for any margin") {
  for (const Kernels* kernels : all_kernels())
    for (const bool weighted : {false, true}) {
      const std::vector<double> margins{0,   -0.0, 1e-9, -1e-9, 0.3,  -0.7, 1,    -1,    5,     -5,   20,
                                        -20, 36,   -36,  50,    -50,  300,  -300, 700,   -700,  2000, -2000,
                                        3,   7,    -11,  13,    0.01, -2.5, 4.5,  -0.25, 0.125, 9,    -9};
      for (const double target : {0.0, 1.0}) {
        std::vector<double> z = margins;
        const std::vector<double> targets(z.size(), target), weights(z.size(), 2.5);
        const double loss = kernels->logistic(z.data(), targets.data(), weighted ? weights.data() : nullptr,
                                              static_cast<std::int64_t>(z.size()));
        long double expected = 0;
        const long double weight = weighted ? 2.5L : 1.0L;
        for (std::size_t i = 0; i < z.size(); ++i) {
          const long double m = margins[i], p = 1 / (1 + std::exp(-m));
          expected += weight * (std::log1p(std::exp(-std::abs(m))) + (std::max)(m, 0.0L) - target * m);
          INFO(kernels->name << " margin " << margins[i]);
          CHECK(std::abs(z[i] - weight * (p - target)) <= 4e-16L * weight);
        }
        CHECK(std::abs(loss - static_cast<double>(expected)) <= 1e-14 * static_cast<double>(expected));
      }
    }
}

TEST_CASE("the softmax loss and its derivative are those of a plain loop") {
  for (const Kernels* kernels : all_kernels())
    for (const std::int64_t classes : {2, 3, 8, 9, 20})
      for (const bool weighted : {false, true}) {
        constexpr std::int64_t rows = 37;
        const std::int64_t panels = (classes + 7) / 8;
        std::vector<double> z(static_cast<std::size_t>(panels * rows * 8), -1e30);
        const auto at = [&](std::int64_t i, std::int64_t k) -> double& {
          return z[static_cast<std::size_t>((k / 8 * rows + i) * 8 + k % 8)];
        };
        Philox random(9);
        std::vector<double> targets(rows), weights(rows);
        for (std::int64_t i = 0; i < rows; ++i) {
          targets[static_cast<std::size_t>(i)] = static_cast<double>(random.below(static_cast<std::uint64_t>(classes)));
          weights[static_cast<std::size_t>(i)] = static_cast<double>(random.below(5));
          for (std::int64_t k = 0; k < classes; ++k) at(i, k) = (random.uniform() - 0.5) * (i % 3 == 0 ? 900 : 6);
        }
        const std::vector<double> before = z;
        const double loss =
            kernels->softmax(z.data(), panels, rows, rows * 8, targets.data(), weighted ? weights.data() : nullptr);
        double expected = 0;
        for (std::int64_t i = 0; i < rows; ++i) {
          const double weight = weighted ? weights[static_cast<std::size_t>(i)] : 1.0;
          const auto right = static_cast<std::int64_t>(targets[static_cast<std::size_t>(i)]);
          const auto margin = [&](std::int64_t k) {
            return before[static_cast<std::size_t>((k / 8 * rows + i) * 8 + k % 8)];
          };
          double most = margin(0), sum = 0;
          for (std::int64_t k = 1; k < classes; ++k) most = (std::max)(most, margin(k));
          for (std::int64_t k = 0; k < classes; ++k) sum += std::exp(margin(k) - most);
          expected += weight * (std::log(sum) + most - margin(right));
          for (std::int64_t k = 0; k < classes; ++k)
            CHECK(std::abs(at(i, k) - weight * (std::exp(margin(k) - most) / sum - (k == right ? 1 : 0))) < 1e-14 * 5);
        }
        CHECK(loss == Approx(expected).epsilon(1e-13));
      }
}

TEST_CASE("activations are those of the standard library, at any length") {
  for (const Kernels* kernels : all_kernels()) {
    std::vector<float> x;
    for (float value = -100; value <= 100; value += 0.37f) x.push_back(value);
    for (const float value : {0.0f, 1e-6f, -1e-6f, 1e-3f, 0.19f, 0.2f, 0.21f, -0.2f, 1e30f, -1e30f}) x.push_back(value);
    const auto count = static_cast<std::int64_t>(x.size());
    std::vector<float> relu = x, tanh = x, sigmoid = x;
    kernels->relu(relu.data(), count);
    kernels->tanh(tanh.data(), count);
    kernels->sigmoid(sigmoid.data(), count);
    for (std::size_t i = 0; i < x.size(); ++i) {
      INFO(kernels->name << " x " << x[i]);
      CHECK(relu[i] == (std::max)(x[i], 0.0f));
      CHECK(std::abs(tanh[i] - std::tanh(x[i])) <= 4e-7f * std::abs(std::tanh(x[i])) + 1e-12f);
      CHECK(std::abs(sigmoid[i] - 1 / (1 + std::exp(-x[i]))) <= 3e-7f);
    }
    std::vector<float> nan(5, std::numeric_limits<float>::quiet_NaN());
    kernels->relu(nan.data(), 5);
    for (const float value : nan) CHECK(std::isnan(value));
  }
}

TEST_CASE("values that are not finite are found at every place") {
  for (const Kernels* kernels : all_kernels())
    for (const std::int64_t count : {1, 7, 64, 100}) {
      std::vector<float> values(static_cast<std::size_t>(count), -1e38f);
      CHECK(kernels->finite(values.data(), count));
      for (std::int64_t at = 0; at < count; ++at)
        for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                                -std::numeric_limits<float>::infinity()}) {
          values[static_cast<std::size_t>(at)] = bad;
          CHECK_FALSE(kernels->finite(values.data(), count));
          values[static_cast<std::size_t>(at)] = 1;
        }
    }
}
