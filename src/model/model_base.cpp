#include "scalar/model/detail/model_base.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include "core/fail.hpp"
#include "scalar/core/parallel.hpp"
#include "scalar/model/row_tensors.hpp"

namespace scalar::inline v0::model::detail {
namespace {

constexpr std::int64_t small_batch = 64;    // answered on the calling thread
constexpr std::int64_t batch_piece = 1024;  // rows encoded and predicted at a time otherwise

std::string shape(std::int64_t rows, std::int64_t columns) { return fmt::format("[{}, {}]", rows, columns); }

/// Room for the features of some rows, kept by each thread so that a warm call allocates nothing.
MatrixView<float> scratch(std::int64_t rows, std::int64_t columns) {
  thread_local std::vector<float> buffer;
  if (buffer.size() < static_cast<std::size_t>(rows * columns)) buffer.resize(static_cast<std::size_t>(rows * columns));
  return {buffer.data(), rows, columns};
}

/// Rows `[first, first + count)` of a batch. `columns` keeps the pieces' columns and is reused.
BatchView slice(const BatchView& batch, std::int64_t first, std::int64_t count, std::vector<BatchColumn>& columns) {
  if (batch.is_dense()) return batch.dense().slice(first, count);
  const auto begin = static_cast<std::size_t>(first), size = static_cast<std::size_t>(count);
  columns.clear();
  for (const BatchColumn& column : batch.columns())
    columns.push_back({column.numbers.empty() ? column.numbers : column.numbers.subspan(begin, size),
                       column.texts.empty() ? column.texts : column.texts.subspan(begin, size)});
  return {columns, count};
}

/// Whether a value is infinite. By its bits, so that compilers make vector instructions of it.
bool has_infinity(std::span<const float> row) {
  std::uint32_t found = 0;
  for (const float value : row)
    found |= static_cast<std::uint32_t>((std::bit_cast<std::uint32_t>(value) & 0x7fff'ffff) == 0x7f80'0000);
  return found != 0;
}

/// Missing values are NaN; an infinity is a defect of the data that some models would hide in a confident answer.
void require_no_infinity(const FloatMatrix& rows, std::int64_t begin, std::int64_t end, const Encoder& encoder,
                         std::string_view spec) {
  for (std::int64_t i = begin; i < end; ++i) {
    const std::span<const float> row = rows.row(i);
    if (!has_infinity(row)) continue;
    const auto at = std::find_if(row.begin(), row.end(), [](float value) { return std::isinf(value); });
    fail(Errc::invalid_argument, spec, "row {}, \"{}\": an infinity", i,
         encoder.inputs()[static_cast<std::size_t>(at - row.begin())].name);
  }
}

void require_finite(BatchOut out, std::string_view spec) {
  for (std::int64_t i = 0; i < out.rows; ++i)
    for (const double value : out.row(i))
      if (!std::isfinite(value))
        fail(Errc::invalid_argument, spec,
             "row {} has no finite prediction: a value is missing that the model cannot do without, or is too large",
             i);
}

/// Runs `work` on a piece of a larger batch; the rows its errors count are those of the piece, so they say which.
template <class Work>
void in_piece(std::int64_t begin, Work&& work) {
  try {
    work();
  } catch (const Error& error) {
    if (begin == 0) throw;
    throw error.within(fmt::format("counted from row {}", begin));
  }
}

}  // namespace

void Base::set_compiled(CompiledModel ready) {
  if (ready.features() != encoder.feature_count())
    fail(Errc::corrupt, spec_name, "the parameters take {} features, the encoder gives {}", ready.features(),
         encoder.feature_count());
  const auto classes = static_cast<std::int64_t>(encoder.classes().size());
  if (classes != 0 && ready.outputs() != classes)
    fail(Errc::corrupt, spec_name, "the parameters tell {} classes apart, the encoder knows {}", ready.outputs(),
         classes);
  compiled = std::move(ready);
  signature = signature_of(encoder, compiled.outputs());
}

void Base::run(std::span<const TensorView> inputs, std::vector<Tensor>& outputs) const {
  TensorBatch batch;
  batch.set(inputs, signature);
  const std::int64_t rows = batch.view().rows();
  std::vector<double> predictions(static_cast<std::size_t>(rows * compiled.outputs()));
  const BatchOut out(predictions.data(), rows, compiled.outputs());
  if (rows > 0) predict(batch.view(), out);
  set_outputs(out, encoder.classes(), outputs);
}

void Base::throw_without_rows() const {
  std::string texts[2];
  for (std::size_t side = 0; side < 2; ++side)
    for (const TensorInfo& tensor : side == 0 ? signature.inputs : signature.outputs)
      texts[side] += (texts[side].empty() ? "" : ", ") + tensor.name + " " + std::string(name(tensor.type)) + " " +
                     shape_text(tensor.shape);
  throw Error(Errc::unsupported,
              "it takes tensors, not rows: " + texts[0] + " -> " + texts[1] + "; use signature() and run()",
              "foreign model");
}

void Base::predict(const BatchView& batch, BatchOut out) const {
  const std::int64_t rows = batch.rows();
  if (rows < 0) fail(Errc::shape_mismatch, spec_name, "the batch has {} rows, expected 0 or more", rows);
  if (out.rows != rows || out.columns != compiled.outputs())
    fail(Errc::shape_mismatch, spec_name, "the output is {}, expected {}", shape(out.rows, out.columns),
         shape(rows, compiled.outputs()));
  if (batch.is_dense() && rows > 0 && batch.dense().columns != static_cast<std::int64_t>(encoder.inputs().size()))
    fail(Errc::shape_mismatch, spec_name, "the batch is {}, expected {}", shape(rows, batch.dense().columns),
         shape(rows, static_cast<std::int64_t>(encoder.inputs().size())));
  for (const BatchColumn& column : batch.columns())
    if (const std::size_t values = (std::max)(column.numbers.size(), column.texts.size());
        static_cast<std::int64_t>(values) != rows)
      fail(Errc::shape_mismatch, spec_name, "an input column has {} values, the batch {} rows", values, rows);
  if (batch.is_dense() && encoder.is_identity()) {
    const auto check = [&](std::int64_t begin, std::int64_t end) {
      require_no_infinity(batch.dense(), begin, end, encoder, spec_name);
    };
    if (rows <= small_batch)
      check(0, rows);
    else
      parallel_for(runtime, rows, batch_piece, check);
    compiled.predict(batch.dense(), out);
    return require_finite(out, spec_name);
  }
  const auto piece = [&](const BatchView& part, BatchOut to) {
    const MatrixView<float> features = scratch(part.rows(), encoder.feature_count());
    encoder.encode(part, features);
    compiled.predict(features, to);
    require_finite(to, spec_name);
  };
  if (rows <= small_batch) return piece(batch, out);
  parallel_for(runtime, rows, batch_piece, [&](std::int64_t begin, std::int64_t end) {
    std::vector<BatchColumn> columns;
    in_piece(begin, [&] { piece(slice(batch, begin, end - begin, columns), out.slice(begin, end - begin)); });
  });
}

Prediction Base::predict(const Table& table) const {
  Prediction result{.values = {}, .rows = table.rows(), .outputs = compiled.outputs(), .classes = encoder.classes()};
  result.values.resize(static_cast<std::size_t>(result.rows * result.outputs));
  const BatchOut out(result.values.data(), result.rows, result.outputs);
  parallel_for(runtime, result.rows, batch_piece, [&](std::int64_t begin, std::int64_t end) {
    in_piece(begin, [&] {
      const Dataset features = encoder.encode_inputs(table.slice(begin, end - begin), runtime);
      compiled.predict(features.features(), out.slice(begin, end - begin));
      require_finite(out.slice(begin, end - begin), spec_name);
    });
  });
  return result;
}

Prediction Base::predict(const Dataset& data) const {
  const Dataset rows = data.contiguous();
  Prediction result{.values = {}, .rows = rows.rows(), .outputs = compiled.outputs(), .classes = encoder.classes()};
  result.values.resize(static_cast<std::size_t>(result.rows * result.outputs));
  predict(BatchView(rows.features()), BatchOut(result.values.data(), result.rows, result.outputs));
  return result;
}

std::shared_ptr<const ModelInfo> with_metric(const ModelInfo& info, std::string_view name, double value) {
  ModelInfo other = info;
  other.metrics[std::string(name)] = value;
  return std::make_shared<const ModelInfo>(std::move(other));
}

void throw_empty(std::string_view spec_name) {
  fail(Errc::empty, fmt::format("Model of {}", spec_name), "nothing was fitted or loaded into this model");
}

void throw_other_spec(std::string_view seen, std::string_view expected) {
  fail(Errc::type_mismatch, {}, "this is a model of {}, not of {}", seen, expected);
}

}  // namespace scalar::inline v0::model::detail
