#pragma once
/// What is known of the values of an ONNX graph while it is read: how they follow from the raw inputs.
///
/// Each value is a matrix of one row per row of the inputs, so it is described by its columns.
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "scalar/data/tensor.hpp"
#include "scalar/spec/forest.hpp"
#include "scalar/spec/multilayer_perceptron.hpp"

namespace scalar::inline v0::interchange::onnx {

/// One raw input of the model.
struct RawColumn {
  std::string name{};
  bool is_text = false;
};

/// A value that does not depend on the inputs.
struct Constant {
  std::shared_ptr<const Tensor> tensor{};
};

/// The numbers that stand for the texts of a column.
struct TextTable {
  std::vector<std::string> categories{};
  std::vector<double> values{};  ///< `[categories]`
  double other = 0;              ///< stands for all other texts
  bool refuses_others = false;   ///< other texts are an error instead
};

/// Which raw column a text comes from.
struct TextSource {
  std::size_t column = 0;
  std::string fill{};  ///< replaces the empty text; empty: nothing does
};
struct Texts {
  std::vector<TextSource> columns{};
};

/// One number as a function of one raw input: `(base - mean) / deviation`.
struct Element {
  enum class Base : std::uint8_t {
    number,    ///< the input, or `fill` where it is missing
    category,  ///< 1 if the text is category `category` of the table, else 0
    table,     ///< the table's value for the text
    constant,  ///< 0
  };
  Base base = Base::number;
  std::size_t column = 0;
  double mean = 0, deviation = 1;
  double fill = std::numeric_limits<double>::quiet_NaN();
  std::size_t category = 0;
  std::shared_ptr<const TextTable> table{};
  std::string text_fill{};  ///< replaces the empty text before the table is looked up

  /// The value where the base is `number`.
  double at(double number) const { return (number - mean) / deviation; }
  /// The value for category `index` of the table; for other texts if `index` is the number of categories.
  double at_category(std::size_t index) const {
    if (base == Base::category) return at(index == category ? 1 : 0);
    return at(index < table->values.size() ? table->values[index] : table->other);
  }
  bool is_text() const { return base == Base::category || base == Base::table; }
};
struct Features {
  std::vector<Element> columns{};
};

/// `activation(weights x + biases)`.
struct DenseLayer {
  std::size_t inputs = 0, outputs = 0;
  std::vector<double> weights{};  ///< `[outputs, inputs]`
  std::vector<double> biases{};   ///< `[outputs]`
  std::optional<Activation> activation{};
};
using Layers = std::vector<std::shared_ptr<const DenseLayer>>;

/// A model from elements to margins.
struct Core {
  std::vector<Element> inputs{};
  std::variant<Layers, Forest> parameters{};

  std::size_t outputs() const {
    if (const auto* layers = std::get_if<Layers>(&parameters)) return layers->back()->outputs;
    return static_cast<std::size_t>(std::get<Forest>(parameters).outputs);
  }
};

/// `scale * q[output] + offset`, where q are the scores of a model.
struct ScoreColumn {
  std::size_t output = 0;
  double scale = 1, offset = 0;

  friend bool operator==(const ScoreColumn&, const ScoreColumn&) = default;
};
/// What a model answers: columns of its margins (`Link::identity`), of the logistic of `argument`, or of the softmax of
/// its margins.
struct Scores {
  std::shared_ptr<const Core> core{};
  Link link = Link::identity;
  std::vector<ScoreColumn> columns{};
  ScoreColumn argument{};  ///< of `Link::logistic`: a function of the margins
};

/// The most probable class, by name; without names, its index.
struct Label {
  std::vector<std::string> classes{};
};
/// Probabilities in maps from the names of the classes.
struct NamedScores {
  Scores scores{};
  std::vector<std::string> classes{};
};
/// What cannot be held, and why.
struct Refused {
  std::shared_ptr<const std::string> reason{};
};

/// Whether numbers are missing.
struct MissingTest {
  std::vector<Element> columns{};
};

using Value = std::variant<Constant, Texts, Features, MissingTest, Scores, Label, NamedScores, Refused>;

/// The columns 0, 1, ... of a model's scores.
inline std::vector<ScoreColumn> plain_columns(std::size_t count) {
  std::vector<ScoreColumn> columns(count);
  for (std::size_t k = 0; k < count; ++k) columns[k].output = k;
  return columns;
}
/// The probabilities `1 - q, q` of two classes.
inline std::vector<ScoreColumn> two_classes() { return {{0, -1, 1}, {0, 1, 0}}; }

}  // namespace scalar::inline v0::interchange::onnx
