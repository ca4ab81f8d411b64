#pragma once
/// The inner loops of the native backend, compiled once per instruction set and chosen at run time.
///
/// This header is included by translation units with different target flags: it must not define anything that a linker
/// could merge (no inline functions, no standard headers with code in them).
#include <cstdint>

namespace scalar::inline v0::backend::native {

/// Elements in a panel: 64 bytes.
template <class T>
inline constexpr int panel_width = static_cast<int>(64 / sizeof(T));

/// `C = start + A B`, where B and C are cut into panels of `panel_width<T>` columns.
///
/// `A(i, k) = a[i a_row + k a_depth]`; `B(k, column w of panel p) = b[p b_panel + k width + w]`;
/// `C(i, column w of panel p) = c[p c_panel + i c_row + w]`. Every element is one chain of multiply-adds in the order
/// of k, so its bits depend neither on how rows and panels are cut nor on how many there are.
template <class T>
struct Product {
  std::int64_t rows = 0, panels = 0, depth = 0;
  const T* a = nullptr;
  std::int64_t a_row = 0, a_depth = 1;
  const T* b = nullptr;
  std::int64_t b_panel = 0;
  T* c = nullptr;
  std::int64_t c_row = 0, c_panel = 0;
  const T* start = nullptr;  ///< `[panels * width]`, the same for every row; null: zero
  bool add = false;          ///< start from what C holds instead
};

/// One step of an optimizer on `count` weights; `gradient` is the sum over the minibatch.
struct Update {
  std::int64_t count = 0;
  float* weights = nullptr;
  float* first = nullptr;   ///< velocity of sgd, first moment of Adam
  float* second = nullptr;  ///< second moment of Adam
  const float* gradient = nullptr;
  float scale = 1;  ///< 1 / rows of the minibatch
  float decay = 0;  ///< of the weights, already scaled
  float rate = 0, momentum = 0;
  float first_scale = 1, second_scale = 1;  ///< Adam's corrections 1 / (1 - beta^t)
};

struct Kernels {
  const char* name;
  void (*multiply_float)(const Product<float>& product);
  void (*multiply_double)(const Product<double>& product);
  /// Adds the product of panel `j` with panels `[j, panels)` of the packed rows `[panels][depth][8]`:
  /// `c[i][w] += sum_k packed[i / 8][k][i % 8] packed[j][k][w]` for i from `8 j`; rows of c are 8 apart.
  void (*gram)(const double* packed, std::int64_t panels, std::int64_t depth, std::int64_t j, double* c);
  /// `z[i] = x_i . w + intercept` for rows of floats that start `stride` apart.
  void (*margins)(const float* x, std::int64_t rows, std::int64_t columns, std::int64_t stride, const double* w,
                  double intercept, double* z);
  /// `g += sum_i r[i] x_i`.
  void (*add_rows)(const float* x, std::int64_t rows, std::int64_t columns, std::int64_t stride, const double* r,
                   double* g);
  /// Turns margins into `w (p - y)`; returns the summed loss. `weights` may be null.
  double (*logistic)(double* z, const double* targets, const double* weights, std::int64_t rows);
  /// As `logistic`, for several classes: margins `[panels][rows][8]`, panels `stride` apart, very negative past the
  /// last class.
  double (*softmax)(double* z, std::int64_t panels, std::int64_t rows, std::int64_t stride, const double* targets,
                    const double* weights);
  void (*relu)(float* values, std::int64_t count);
  void (*tanh)(float* values, std::int64_t count);
  void (*sigmoid)(float* values, std::int64_t count);
  /// Multiplies `delta` by the derivative of the activation, from the activation's values.
  void (*relu_slope)(float* delta, const float* values, std::int64_t count);
  void (*tanh_slope)(float* delta, const float* values, std::int64_t count);
  void (*sigmoid_slope)(float* delta, const float* values, std::int64_t count);
  /// Turns the margins of a row into probabilities less 1 for the right class, and returns its loss. The elements
  /// after the last class, up to a multiple of 16, become zero.
  float (*softmax_row)(float* margins, std::int64_t classes, std::int64_t right);
  void (*sgd)(const Update& update);
  void (*adam)(const Update& update);
  /// True if no value is infinite or NaN.
  bool (*finite)(const float* values, std::int64_t count);
};

/// The best kernels that the machine can run.
const Kernels& kernels() noexcept;
/// The kernels for one instruction set; null if this build or the machine lacks them.
const Kernels* baseline_kernels() noexcept;
const Kernels* avx2_kernels() noexcept;
const Kernels* avx512_kernels() noexcept;

}  // namespace scalar::inline v0::backend::native
