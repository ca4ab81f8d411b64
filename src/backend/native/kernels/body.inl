// The loops behind Kernels. Each instruction set has one translation unit, which defines SCALAR_VECTOR_BYTES and the
// tile sizes and includes this file. Everything is in an unnamed namespace and no standard function is called, so the
// linker cannot put code for one machine into a program for another.
namespace scalar::inline v0::backend::native {
namespace {

using std::int64_t;

constexpr int vector_bytes = SCALAR_VECTOR_BYTES;

template <class T>
struct Simd {
  typedef T type __attribute__((vector_size(vector_bytes)));
};
template <class T>
struct LooseSimd {  // for loads and stores at any address
  typedef T type __attribute__((vector_size(vector_bytes), aligned(sizeof(T)), may_alias));
};
template <class T>
using Vector = typename Simd<T>::type;
using Floats = Vector<float>;
using Doubles = Vector<double>;
using Ints = Vector<std::int32_t>;
using Longs = Vector<int64_t>;

template <class T>
constexpr int lanes = vector_bytes / static_cast<int>(sizeof(T));

template <class T>
[[gnu::always_inline]] inline Vector<T> load(const T* from) {
  return *reinterpret_cast<const typename LooseSimd<T>::type*>(from);
}
template <class T>
[[gnu::always_inline]] inline void store(T* to, Vector<T> value) {
  *reinterpret_cast<typename LooseSimd<T>::type*>(to) = value;
}
template <class T>
[[gnu::always_inline]] inline Vector<T> all(T value) {
  return value - Vector<T>{};  // minus zero, because 0 + -0 loses the sign
}
template <class T>
[[gnu::always_inline]] inline T least(T a, T b) {
  return b < a ? b : a;
}

// ---- products ---------------------------------------------------------------------------------------------------

/// A tile of `Rows` rows and `Panels` panels, which stays in registers while k runs.
template <class T, int Rows, int Panels>
[[gnu::always_inline]] inline void tile(const Product<T>& p, const T* a, const T* b, T* c, const T* start, bool add,
                                        int64_t depth) {
  constexpr int width = panel_width<T>, each = width / lanes<T>, across = each * Panels;
  Vector<T> sum[Rows][across];
#pragma GCC unroll 64
  for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 64
    for (int v = 0; v < across; ++v) {
      const int64_t panel = v / each, column = v % each * lanes<T>;
      sum[i][v] = add                ? load(c + i * p.c_row + panel * p.c_panel + column)
                  : start != nullptr ? load(start + panel * width + column)
                                     : Vector<T>{};
    }
  for (int64_t k = 0; k < depth; ++k) {
    Vector<T> right[across];
#pragma GCC unroll 64
    for (int v = 0; v < across; ++v) right[v] = load(b + (v / each) * p.b_panel + v % each * lanes<T>);
#pragma GCC unroll 64
    for (int i = 0; i < Rows; ++i) {
      const Vector<T> left = all(a[i * p.a_row]);
#pragma GCC unroll 64
      for (int v = 0; v < across; ++v) sum[i][v] += left * right[v];
    }
    a += p.a_depth;
    b += width;
  }
#pragma GCC unroll 64
  for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 64
    for (int v = 0; v < across; ++v) store(c + i * p.c_row + (v / each) * p.c_panel + v % each * lanes<T>, sum[i][v]);
}

template <class T>
using Tile = void (*)(const Product<T>&, const T*, const T*, T*, const T*, bool, int64_t);

template <class T, int Rows, int Panels>
void run_tile(const Product<T>& p, const T* a, const T* b, T* c, const T* start, bool add, int64_t depth) {
  tile<T, Rows, Panels>(p, a, b, c, start, add, depth);
}

/// Tiles of 1 to `tile_rows` rows.
template <class T, int Panels, int... Rows>
struct Tiles {
  static constexpr Tile<T> of[] = {nullptr, run_tile<T, Rows, Panels>...};
};

template <int... Rows>
struct Heights {
  template <class T, int Panels>
  using Of = Tiles<T, Panels, Rows...>;
};

template <class T>
void multiply(const Product<T>& p) {
  constexpr int width = panel_width<T>;
  constexpr int64_t block = 16384 / 64;  // depth of a block whose panel fits into half a first-level cache
  if (p.rows <= 0 || p.panels <= 0) return;
  // With few rows, several panels at once: a single chain of multiply-adds would wait for each result.
  const int64_t together = p.rows == 1 ? lone_panels : tile_panels;
  for (int64_t k = 0; k == 0 || k < p.depth; k += block) {
    const int64_t depth = least(block, p.depth - k);
    const bool add = p.add || k > 0;
    for (int64_t panel = 0; panel < p.panels;) {
      const int64_t step = p.panels - panel >= together ? together : 1;
      const Tile<T>* tiles = step == 1             ? TileHeights::Of<T, 1>::of
                             : step == lone_panels ? LoneHeights::Of<T, lone_panels>::of
                                                   : TileHeights::Of<T, tile_panels>::of;
      const int64_t count = (p.rows + tile_rows - 1) / tile_rows, height = (p.rows + count - 1) / count;
      for (int64_t i = 0; i < p.rows; i += height)
        tiles[least(height, p.rows - i)](p, p.a + i * p.a_row + k * p.a_depth, p.b + panel * p.b_panel + k * width,
                                         p.c + i * p.c_row + panel * p.c_panel,
                                         p.start == nullptr ? nullptr : p.start + panel * width, add, depth);
      panel += step;
    }
  }
}

void gram(const double* packed, int64_t panels, int64_t depth, int64_t j, double* c) {
  constexpr int64_t block = 256;
  for (int64_t k = 0; k < depth; k += block) {
    for (int64_t i = j; i < panels; ++i) {
      Product<double> p;
      p.rows = 8, p.panels = 1, p.depth = least(block, depth - k), p.add = true;
      p.a = packed + (i * depth + k) * 8, p.a_row = 1, p.a_depth = 8;
      p.b = packed + (j * depth + k) * 8;
      p.c = c + (i - j) * 64, p.c_row = 8;
      multiply(p);
    }
  }
}

// ---- linear models ----------------------------------------------------------------------------------------------

/// As many floats as there are doubles in a vector, widened.
[[gnu::always_inline]] inline Doubles widen(const float* from) {
  typedef float Half __attribute__((vector_size(vector_bytes / 2), aligned(4), may_alias));
  return __builtin_convertvector(*reinterpret_cast<const Half*>(from), Doubles);
}
[[gnu::always_inline]] inline double sum_of(Doubles value) {
  double sum = 0;
  for (int lane = 0; lane < lanes<double>; ++lane) sum += value[lane];
  return sum;
}

/// Dot products of `Rows` rows at once with the same weights. The order of additions within a row does not depend on
/// Rows.
template <int Rows>
[[gnu::always_inline]] inline void dot_rows(const float* x, int64_t columns, int64_t stride, const double* w,
                                            double intercept, double* z) {
  constexpr int step = lanes<double>;
  Doubles even[Rows]{}, odd[Rows]{};
  int64_t j = 0;
  for (; j + 2 * step <= columns; j += 2 * step) {
    const Doubles first = load(w + j), second = load(w + j + step);
#pragma GCC unroll 8
    for (int i = 0; i < Rows; ++i) {
      even[i] += widen(x + i * stride + j) * first;
      odd[i] += widen(x + i * stride + j + step) * second;
    }
  }
  for (int i = 0; i < Rows; ++i) {
    double sum = sum_of(even[i] + odd[i]);
    for (int64_t rest = j; rest < columns; ++rest) sum += static_cast<double>(x[i * stride + rest]) * w[rest];
    z[i] = sum + intercept;
  }
}

void margins(const float* x, int64_t rows, int64_t columns, int64_t stride, const double* w, double intercept,
             double* z) {
  int64_t i = 0;
  for (; i + 4 <= rows; i += 4) dot_rows<4>(x + i * stride, columns, stride, w, intercept, z + i);
  for (; i < rows; ++i) dot_rows<1>(x + i * stride, columns, stride, w, intercept, z + i);
}

void add_rows(const float* x, int64_t rows, int64_t columns, int64_t stride, const double* r, double* g) {
  constexpr int step = lanes<double>;
  int64_t i = 0;
  for (; i + 4 <= rows; i += 4) {
    const float* row = x + i * stride;
    const Doubles r0 = all(r[i]), r1 = all(r[i + 1]), r2 = all(r[i + 2]), r3 = all(r[i + 3]);
    int64_t j = 0;
    for (; j + step <= columns; j += step)
      store(g + j, load(g + j) + ((widen(row + j) * r0 + widen(row + stride + j) * r1) +
                                  (widen(row + 2 * stride + j) * r2 + widen(row + 3 * stride + j) * r3)));
    for (; j < columns; ++j)
      g[j] +=
          (static_cast<double>(row[j]) * r[i] + static_cast<double>(row[stride + j]) * r[i + 1]) +
          (static_cast<double>(row[2 * stride + j]) * r[i + 2] + static_cast<double>(row[3 * stride + j]) * r[i + 3]);
  }
  for (; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j) g[j] += static_cast<double>(x[i * stride + j]) * r[i];
}

// ---- exponentials -------------------------------------------------------------------------------------------------

/// exp within 1 ulp or so: `x = n ln 2 + r` (Cody, Waite), the Taylor polynomial of r, then n put into the exponent.
[[gnu::always_inline]] inline Doubles exp(Doubles x) {
  x = x < -708.0 ? all(-708.0) : x;
  x = x > 708.0 ? all(708.0) : x;
  const Doubles shift = all(6755399441055744.0);  // 1.5 * 2^52: adding it rounds to an integer
  const Doubles shifted = x * 1.4426950408889634 + shift, n = shifted - shift;
  const Doubles r = x - n * 6.93147180369123816490e-01 - n * 1.90821492927058770002e-10;
  Doubles y = all(1.0 / 6227020800.0);
  constexpr double factors[] = {
      1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040, 1.0 / 720,
      1.0 / 120,       1.0 / 24,       1.0 / 6,       0.5,          1.0,         1.0};
#pragma GCC unroll 16
  for (const double factor : factors) y = y * r + factor;
  return (Doubles)((Longs)y + ((Longs)shifted << 52));
}
[[gnu::always_inline]] inline Floats exp(Floats x) {
  x = x < -87.0f ? all(-87.0f) : x;
  x = x > 88.0f ? all(88.0f) : x;
  const Floats shift = all(12582912.0f);
  const Floats shifted = x * 1.442695041f + shift, n = shifted - shift;
  const Floats r = x - n * 0.693359375f - n * -2.12194440e-4f;
  Floats y = all(1.0f / 5040);
  constexpr float factors[] = {1.0f / 720, 1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f, 1.0f, 1.0f};
#pragma GCC unroll 8
  for (const float factor : factors) y = y * r + factor;
  return (Floats)((Ints)y + ((Ints)shifted << 23));
}

/// Calls `step(i, count)` for whole vectors, and once with a smaller count for the rest.
template <class T, class Step>
[[gnu::always_inline]] inline void for_vectors(int64_t count, Step step) {
  int64_t i = 0;
  for (; i + lanes<T> <= count; i += lanes<T>) step(i, lanes<T>);
  if (i < count) step(i, static_cast<int>(count - i));
}
template <class T>
[[gnu::always_inline]] inline Vector<T> load_some(const T* from, int count) {
  if (count == lanes<T>) return load(from);
  T values[lanes<T>]{};
  for (int i = 0; i < count; ++i) values[i] = from[i];
  return load(values);
}
template <class T>
[[gnu::always_inline]] inline void store_some(T* to, Vector<T> value, int count) {
  if (count == lanes<T>) return store(to, value);
  T values[lanes<T>];
  store(values, value);
  for (int i = 0; i < count; ++i) to[i] = values[i];
}


/// Sums logarithms of factors in [1, 2^31] with one call of log per 32 factors.
struct LogSum {
  double sum = 0, product = 1;
  int held = 0;
  void add(double factor) {
    product *= factor;
    if (++held == 32) flush();
  }
  void flush() {
    sum += __builtin_log(product);
    product = 1, held = 0;
  }
};

double logistic(double* z, const double* targets, const double* weights, int64_t rows) {
  LogSum logs;
  double loss = 0;
  for_vectors<double>(rows, [&](int64_t i, int count) {
    const Doubles margin = load_some(z + i, count), target = load_some(targets + i, count);
    const Doubles size = margin < 0.0 ? -margin : margin, tail = exp(-size), factor = tail + 1.0;
    // -log p(right) = log(1 + e^-|z|) + max(0, z) - y z
    const Doubles above = margin < 0.0 ? Doubles{} : margin;
    const Doubles linear = above - target * margin;
    const Doubles probability = (margin < 0.0 ? tail : all(1.0)) / factor;
    Doubles residual = probability - target;
    if (weights == nullptr) {
      for (int lane = 0; lane < count; ++lane) logs.add(factor[lane]), loss += linear[lane];
    } else {
      for (int lane = 0; lane < count; ++lane) {
        const double weight = weights[i + lane];
        loss += weight * (__builtin_log1p(tail[lane]) + linear[lane]);
        residual[lane] *= weight;
      }
    }
    store_some(z + i, residual, count);
  });
  logs.flush();
  return loss + logs.sum;
}

double softmax(double* z, int64_t panels, int64_t rows, int64_t stride, const double* targets, const double* weights) {
  constexpr int width = panel_width<double>, each = width / lanes<double>;
  const int64_t vectors = panels * each;
  LogSum logs;
  double loss = 0;
  for (int64_t i = 0; i < rows; ++i) {
    double* row = z + i * width;
    const auto at = [&](int64_t v) { return row + v / each * stride + v % each * lanes<double>; };
    Doubles largest = load(row);
    for (int64_t v = 1; v < vectors; ++v) {
      const Doubles margin = load(at(v));
      largest = margin > largest ? margin : largest;
    }
    double most = largest[0];
    for (int lane = 1; lane < lanes<double>; ++lane) most = largest[lane] > most ? largest[lane] : most;
    const auto right = static_cast<int64_t>(targets[i]);
    double* own = row + right / width * stride + right % width;
    const double weight = weights == nullptr ? 1.0 : weights[i];
    loss += weight * (most - *own);
    Doubles sums{};
    for (int64_t v = 0; v < vectors; ++v) {
      const Doubles e = exp(load(at(v)) - most);
      sums += e;
      store(at(v), e);
    }
    const double sum = sum_of(sums);
    if (weights == nullptr)
      logs.add(sum);
    else
      loss += weight * __builtin_log(sum);
    const double scale = weight / sum;
    for (int64_t v = 0; v < vectors; ++v) store(at(v), load(at(v)) * scale);
    *own -= weight;
  }
  logs.flush();
  return loss + logs.sum;
}

// ---- networks -----------------------------------------------------------------------------------------------------

template <class F>
[[gnu::always_inline]] inline void map(float* values, int64_t count, F f) {
  for_vectors<float>(count, [&](int64_t i, int some) { store_some(values + i, f(load_some(values + i, some)), some); });
}
template <class F>
[[gnu::always_inline]] inline void scale_by(float* delta, const float* values, int64_t count, F f) {
  for_vectors<float>(count, [&](int64_t i, int some) {
    store_some(delta + i, f(load_some(delta + i, some), load_some(values + i, some)), some);
  });
}

void relu(float* values, int64_t count) {
  // Written so that a NaN stays one.
  map(values, count, [](Floats x) { return x < 0.0f ? Floats{} : x; });
}
void sigmoid(float* values, int64_t count) {
  map(values, count, [](Floats x) { return 1.0f / (exp(-x) + 1.0f); });
}
void tanh(float* values, int64_t count) {
  map(values, count, [](Floats x) {
    // Near zero 1 - 2 / (e^2x + 1) would lose what is left of x: the Taylor polynomial there.
    const Floats square = x * x;
    const Floats near = x + x * square * (square * (square * (-17.0f / 315) + 2.0f / 15) - 1.0f / 3);
    const Floats far = 1.0f - 2.0f / (exp(x + x) + 1.0f);
    return square < 0.04f ? near : far;
  });
}
void relu_slope(float* delta, const float* values, int64_t count) {
  scale_by(delta, values, count, [](Floats d, Floats y) { return y > 0.0f ? d : Floats{}; });
}
void tanh_slope(float* delta, const float* values, int64_t count) {
  scale_by(delta, values, count, [](Floats d, Floats y) { return d * (1.0f - y * y); });
}
void sigmoid_slope(float* delta, const float* values, int64_t count) {
  scale_by(delta, values, count, [](Floats d, Floats y) { return d * (y * (1.0f - y)); });
}

float softmax_row(float* margins, int64_t classes, int64_t right) {
  const int64_t vectors = (classes + lanes<float> - 1) / lanes<float>, width = vectors * lanes<float>;
  for (int64_t k = classes; k < width; ++k) margins[k] = -1e30f;
  Floats largest = load(margins);
  for (int64_t v = 1; v < vectors; ++v) {
    const Floats margin = load(margins + v * lanes<float>);
    largest = margin > largest ? margin : largest;
  }
  float most = largest[0];
  for (int lane = 1; lane < lanes<float>; ++lane) most = largest[lane] > most ? largest[lane] : most;
  const float gap = most - margins[right];
  Floats sums{};
  for (int64_t v = 0; v < vectors; ++v) {
    const Floats e = exp(load(margins + v * lanes<float>) - most);
    sums += e;
    store(margins + v * lanes<float>, e);
  }
  float sum = 0;
  for (int lane = 0; lane < lanes<float>; ++lane) sum += sums[lane];
  const float scale = 1 / sum;
  for (int64_t v = 0; v < vectors; ++v) store(margins + v * lanes<float>, load(margins + v * lanes<float>) * scale);
  for (int64_t k = classes; k < width; ++k) margins[k] = 0;
  margins[right] -= 1;
  return gap + __builtin_logf(sum);
}

void sgd(const Update& u) {
  float* __restrict weights = u.weights;
  float* __restrict first = u.first;
  const float* __restrict gradient = u.gradient;
  const Update s = u;
  for (int64_t i = 0; i < s.count; ++i) {
    const float g = s.scale * gradient[i] + s.decay * weights[i];
    const float v = s.momentum * first[i] - s.rate * g;
    first[i] = v;
    weights[i] += v;
  }
}
void adam(const Update& u) {
  float* __restrict weights = u.weights;
  float* __restrict first = u.first;
  float* __restrict second = u.second;
  const float* __restrict gradient = u.gradient;
  const Update s = u;
  for (int64_t i = 0; i < s.count; ++i) {
    const float g = s.scale * gradient[i] + s.decay * weights[i];
    const float m = 0.9f * first[i] + 0.1f * g;
    const float v = 0.999f * second[i] + 0.001f * (g * g);
    first[i] = m;
    second[i] = v;
    weights[i] -= s.rate * (m * s.first_scale) / (__builtin_sqrtf(v * s.second_scale) + 1e-8f);
  }
}

bool finite(const float* values, int64_t count) {
  const auto* bits = reinterpret_cast<const std::uint32_t __attribute__((may_alias))*>(values);
  std::uint32_t bad = 0;
  for (int64_t i = 0; i < count; ++i) bad |= (bits[i] & 0x7f800000u) == 0x7f800000u ? 1u : 0u;
  return bad == 0;
}

constexpr Kernels table{SCALAR_KERNELS_NAME,
                        multiply<float>,
                        multiply<double>,
                        gram,
                        margins,
                        add_rows,
                        logistic,
                        softmax,
                        relu,
                        tanh,
                        sigmoid,
                        relu_slope,
                        tanh_slope,
                        sigmoid_slope,
                        softmax_row,
                        sgd,
                        adam,
                        finite};

}  // namespace
}  // namespace scalar::inline v0::backend::native
