#include "interchange/onnx_import/layout.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

namespace scalar::inline v0::interchange::onnx {
namespace {

using Base = Element::Base;

bool same_fill(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

/// The encodings of the raw columns, found from the elements that read them.
class Layout {
 public:
  Layout(const Node& node, const std::vector<Element>& elements, const std::vector<RawColumn>& columns, bool for_forest,
         Budget& budget)
      : node_(node), for_forest_(for_forest), first_(columns.size()), reads_(columns.size()) {
    budget.take<ColumnEncoding>(node, columns.size());
    budget.take<std::size_t>(node, elements.size());
    for (const RawColumn& column : columns) {
      ColumnEncoding encoding;
      encoding.name = column.name;
      encoding.is_text = column.is_text;
      encoding.is_one_hot = column.is_text && !for_forest;
      if (!column.is_text && !for_forest) encoding.fill = 0;  // so that a number that is not read may be missing
      parts_.columns.push_back(std::move(encoding));
    }
    for (const Element& element : elements)
      if (element.base != Base::constant) read(element, budget);
    std::size_t next = 0;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      first_[i] = next;
      next += parts_.columns[i].is_one_hot ? parts_.columns[i].categories.size() : 1;
    }
    features_ = next;
  }

  std::size_t features() const { return features_; }
  /// The first feature of a column.
  std::size_t first(std::size_t column) const { return first_[column]; }
  const ColumnEncoding& encoding(std::size_t column) const { return parts_.columns[column]; }
  /// The categories of a text column by ascending value, as positions in its table.
  const std::vector<std::size_t>& order(std::size_t column) const { return reads_[column].order; }

  Encoder encoder(std::vector<std::string> classes, std::vector<std::string>& notes) {
    const bool is_plain = std::ranges::all_of(parts_.columns, [](const ColumnEncoding& column) {
      return !column.is_text && !column.is_scaled && std::isnan(column.fill);
    });
    if (is_plain) {
      std::vector<std::string> names;
      for (const ColumnEncoding& column : parts_.columns) names.push_back(column.name);
      return Encoder::identity(names, std::move(classes));
    }
    parts_.classes = std::move(classes);
    const auto refuses = [](const Read& read) { return read.table != nullptr && read.table->refuses_others; };
    const auto accepts = [](const Read& read) { return read.table != nullptr && !read.table->refuses_others; };
    if (std::ranges::any_of(reads_, refuses)) {
      if (std::ranges::any_of(reads_, accepts))
        notes.emplace_back("Some text columns of the file refuse unknown categories; here they count as missing.");
      else
        parts_.unknown = Unknown::error;
    }
    return Encoder::from_parts(std::move(parts_));
  }

 private:
  /// How the elements of a column read it.
  struct Read {
    const Element* element = nullptr;  // the first one
    const TextTable* table = nullptr;  // of a text column
    std::vector<std::size_t> order{};  // of Base::table in a forest
  };

  template <class... Arguments>
  [[noreturn]] void refuse_column(const ColumnEncoding& column, fmt::format_string<Arguments...> format,
                                  Arguments&&... arguments) const {
    refuse(node_, "reads the column {} {}", quoted(column.name),
           fmt::format(format, std::forward<Arguments>(arguments)...));
  }

  void read(const Element& element, Budget& budget) {
    ColumnEncoding& column = parts_.columns[element.column];
    Read& known = reads_[element.column];
    const bool is_first = known.element == nullptr;
    if (is_first) known.element = &element;
    if (element.is_text())
      read_text(element, column, known, budget);
    else
      read_number(element, column, is_first);
  }

  void read_number(const Element& element, ColumnEncoding& column, bool is_first) const {
    if (is_first) {
      column.fill = element.fill;
      column.mean = element.mean;
      column.deviation = std::fabs(element.deviation);
      column.is_scaled = element.mean != 0 || element.deviation != 1;
    }
    if (!same_fill(column.fill, element.fill)) refuse_column(column, "with missing values filled in two ways");
    if (for_forest_ && (element.mean != column.mean || element.deviation != column.deviation))
      refuse_column(column, "scaled in two ways, or by a negative number");
  }

  void read_text(const Element& element, ColumnEncoding& column, Read& known, Budget& budget) {
    const TextTable& table = *element.table;
    if (known.table == nullptr) {
      known.table = &table;
      const std::set<std::string_view> distinct(table.categories.begin(), table.categories.end());
      if (distinct.size() != table.categories.size())
        corrupt(node_, "reads a list of categories with one of them twice");
      if (distinct.contains(""))
        refuse_column(column, "with the empty text as a category; for an Encoder it is a missing value");
      column.fill_text = element.text_fill;
      budget.take<std::string>(node_, 2 * table.categories.size());
      column.is_one_hot = !for_forest_ || element.base == Base::category;
      if (!column.is_one_hot) set_order(element, known);
      for (std::size_t i = 0; i < table.categories.size(); ++i)
        column.categories.push_back(table.categories[column.is_one_hot ? i : known.order[i]]);
    }
    if (column.fill_text != element.text_fill) refuse_column(column, "with the empty text replaced in two ways");
    if (known.table->categories != table.categories) refuse_column(column, "with two lists of categories");
    if (for_forest_ && (element.base != known.element->base || (element.base == Base::table && &table != known.table)))
      refuse_column(column, "encoded in two ways");
  }

  /// Orders the categories by value, so that a comparison with a number is one of ranks.
  static void set_order(const Element& element, Read& known) {
    known.order.resize(element.table->values.size());
    std::iota(known.order.begin(), known.order.end(), std::size_t{0});
    std::ranges::stable_sort(known.order, {}, [&](std::size_t i) { return element.table->values[i]; });
  }

  const Node& node_;
  bool for_forest_;
  EncoderParts parts_;
  std::vector<std::size_t> first_;
  std::vector<Read> reads_;
  std::size_t features_ = 0;
};

void require_finite(const Node& node, const Element& element) {
  const auto refuse_unless = [&](bool holds) {
    if (!holds) refuse(node, "reads a number that is not finite: of input column {}", element.column);
  };
  refuse_unless(std::isfinite(element.mean) && std::isfinite(element.deviation) && element.deviation != 0 &&
                !std::isinf(element.fill));
  if (element.base == Base::table)
    for (const double value : element.table->values) refuse_unless(std::isfinite(value));
}

/// The first layer over the encoder's features.
DenseLayer first_layer(const Node& node, const DenseLayer& from, const std::vector<Element>& elements,
                       const Layout& layout, Budget& budget) {
  DenseLayer to{.inputs = layout.features(), .outputs = from.outputs};
  budget.take<double>(node, to.inputs * to.outputs);
  to.activation = from.activation;
  to.biases = from.biases;
  to.weights.resize(to.inputs * to.outputs);
  const auto add = [&](std::size_t element, std::size_t feature, double factor) {
    for (std::size_t o = 0; o < to.outputs; ++o)
      to.weights[o * to.inputs + feature] += factor * from.weights[o * from.inputs + element];
  };
  const auto add_bias = [&](std::size_t element, double factor) {
    for (std::size_t o = 0; o < to.outputs; ++o) to.biases[o] += factor * from.weights[o * from.inputs + element];
  };
  for (std::size_t j = 0; j < elements.size(); ++j) {
    const Element& element = elements[j];
    if (element.base == Base::constant) {
      add_bias(j, element.at(0));
      continue;
    }
    const std::size_t feature = layout.first(element.column);
    if (element.base == Base::number) {
      const ColumnEncoding& column = layout.encoding(element.column);
      add(j, feature, column.deviation / element.deviation);
      add_bias(j, (column.mean - element.mean) / element.deviation);
      continue;
    }
    const std::size_t categories = element.table->categories.size();
    const double other = element.at_category(categories);
    if (!std::isfinite(other)) refuse(node, "takes NaN for texts that are not known");
    add_bias(j, other);
    if (element.base == Base::category) {
      add(j, feature + element.category, element.at_category(element.category) - other);
      continue;
    }
    budget.take<std::byte>(node, categories * to.outputs);
    for (std::size_t c = 0; c < categories; ++c) add(j, feature + c, element.at_category(c) - other);
  }
  return to;
}

/// A split of an element, as a split of the feature that stands for it.
struct FeatureSplit {
  double split = 0;
  Missing missing = Missing::none_right;
};

/// A column with a value of 0 or 1.
FeatureSplit split_of_category(const Node& node, const Element& element, double split) {
  const bool zero_left = element.at(0) < split, one_left = element.at(1) < split;
  if (one_left && !zero_left) refuse(node, "splits a category that is scaled by a negative number");
  return {one_left ? 2.0 : zero_left ? 0.5 : -1.0, Missing::none_right};
}

/// A column with a number for each category, as the rank of the category; texts that are not known are missing.
FeatureSplit split_of_table(const Element& element, const std::vector<std::size_t>& order, double split,
                            Missing missing) {
  const auto below =
      std::ranges::partition_point(order, [&](std::size_t c) { return element.at_category(c) < split; }) -
      order.begin();
  const double other = element.at_category(order.size());
  if (!std::isnan(other)) missing = other < split ? Missing::nan_left : Missing::nan_right;
  return {static_cast<double>(below) - 0.5, missing};
}

void rewrite_splits(const Node& node, Forest& forest, const std::vector<Element>& elements, const Layout& layout) {
  forest.features = static_cast<std::int64_t>(layout.features());
  for (std::size_t at = 0; at < forest.feature.size(); ++at) {
    if (forest.feature[at] < 0) continue;
    const Element& element = elements[static_cast<std::size_t>(forest.feature[at])];
    if (element.base == Base::constant) refuse(node, "splits a constant");
    const bool is_set = forest.has_categories() && forest.category_set[at] >= 0;
    if (is_set && (element.is_text() || element.mean != 0 || element.deviation != 1))
      refuse(node, "looks for a value among the numbers of a column that is encoded or scaled");
    std::size_t feature = layout.first(element.column);
    FeatureSplit split{forest.value[at], static_cast<Missing>(forest.missing[at])};
    if (element.base == Base::category) {
      split = split_of_category(node, element, split.split);
      feature += element.category;
    } else if (element.base == Base::table) {
      if (element.deviation < 0) refuse(node, "splits a category that is scaled by a negative number");
      split = split_of_table(element, layout.order(element.column), split.split, split.missing);
    }
    forest.feature[at] = static_cast<std::int32_t>(feature);
    forest.value[at] = split.split;
    forest.missing[at] = static_cast<std::uint8_t>(split.missing);
  }
}

}  // namespace

Laid lay_out(const Node& node, Core core, const std::vector<RawColumn>& columns, std::vector<std::string> classes,
             Budget& budget) {
  auto* forest = std::get_if<Forest>(&core.parameters);
  for (const Element& element : core.inputs) require_finite(node, element);
  Layout layout(node, core.inputs, columns, forest != nullptr, budget);
  if (layout.features() > static_cast<std::size_t>((std::numeric_limits<std::int32_t>::max)()))
    refuse(node, "reads {} features", layout.features());
  if (forest != nullptr) {
    rewrite_splits(node, *forest, core.inputs, layout);
  } else {
    auto& layers = std::get<Layers>(core.parameters);
    layers.front() =
        std::make_shared<const DenseLayer>(first_layer(node, *layers.front(), core.inputs, layout, budget));
  }
  Laid laid{.parameters = std::move(core.parameters)};
  if (const auto* trees = std::get_if<Forest>(&laid.parameters); trees != nullptr && trees->has_categories())
    laid.notes.emplace_back(
        "Some splits ask whether a feature equals a number; features are cut to whole numbers first.");
  laid.encoder = layout.encoder(std::move(classes), laid.notes);
  return laid;
}

}  // namespace scalar::inline v0::interchange::onnx
