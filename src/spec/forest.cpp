#include "scalar/spec/forest.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/fail.hpp"
#include "scalar/spec/parameters.hpp"
#include "spec/checks.hpp"

namespace scalar::inline v0 {
namespace {

/// Version 1 had no start: sums began at the base. Version 2 had no sets of categories, gains and covers.
constexpr std::uint8_t form_version = 3;

template <class... Arguments>
[[noreturn]] void corrupt(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  fail(Errc::corrupt, "forest", format, std::forward<Arguments>(arguments)...);
}

void check_version(const TensorReader& reader) {
  const int version = reader.has("version") ? reader.read<std::uint8_t>("version", {1})[0] : 1;
  if (version != form_version)
    fail(Errc::unsupported, "forest",
         "is of version {} of the form, expected {}: train or import the model again with this Scalar", version,
         form_version);
}

void check_node(const Forest& forest, std::int64_t tree, std::int64_t node, std::int64_t count,
                std::vector<bool>& has_parent) {
  const auto at = static_cast<std::size_t>(forest.tree_begin[static_cast<std::size_t>(tree)] + node);
  const auto refuse = [&](std::string_view what) { corrupt("tree {}, node {}: {}", tree, node, what); };
  if (forest.missing[at] > static_cast<std::uint8_t>(Missing::nan_is_zero))
    refuse(fmt::format("{} is not a missing policy", forest.missing[at]));
  if (forest.feature[at] == -1) return;
  if (forest.feature[at] < 0 || forest.feature[at] >= forest.features)
    refuse(fmt::format("feature {} of {}", forest.feature[at], forest.features));
  if (std::isnan(forest.value[at])) refuse("the split is NaN");
  if (forest.has_categories()) {
    const auto sets = static_cast<std::int64_t>(forest.category_begin.size()) - 1;
    if (forest.category_set[at] < -1 || forest.category_set[at] >= sets)
      refuse(fmt::format("category set {} of {}", forest.category_set[at], sets));
  }
  for (const std::int32_t child : {forest.left[at], forest.right[at]}) {
    if (child <= node || child >= count) refuse(fmt::format("child {} of {} nodes", child, count));
    if (has_parent[static_cast<std::size_t>(child)]) refuse(fmt::format("child {} has two parents", child));
    has_parent[static_cast<std::size_t>(child)] = true;
  }
}

void check_categories(const Forest& forest) {
  if (forest.category_set.empty()) {
    if (!forest.category_begin.empty() || !forest.category_words.empty())
      corrupt("has sets of categories that no node has");
    return;
  }
  const auto& begin = forest.category_begin;
  if (begin.empty() || begin.front() != 0 || begin.back() != static_cast<std::int64_t>(forest.category_words.size()) ||
      !std::is_sorted(begin.begin(), begin.end()))
    corrupt("category_begin does not cover the words of the sets");
}

}  // namespace

void check(const Forest& forest) {
  const auto nodes = forest.feature.size();
  const auto is_missing_or_all = [&](const auto& values) { return values.empty() || values.size() == nodes; };
  if (forest.value.size() != nodes || forest.left.size() != nodes || forest.right.size() != nodes ||
      forest.missing.size() != nodes || !is_missing_or_all(forest.category_set) || !is_missing_or_all(forest.gain) ||
      !is_missing_or_all(forest.cover))
    corrupt("the node arrays differ in length");
  check_categories(forest);
  if (forest.tree_begin.size() != forest.tree_output.size() + 1 || forest.tree_begin.front() != 0 ||
      forest.tree_begin.back() != static_cast<std::int64_t>(nodes))
    corrupt("tree_begin does not cover the nodes");
  const auto is_each = [&](const auto& values) { return values.size() == static_cast<std::size_t>(forest.outputs); };
  if (forest.outputs < 1 || forest.features < 0 || !is_each(forest.base) || !is_each(forest.start))
    corrupt("has {} outputs, {} bases and {} starts", forest.outputs, forest.base.size(), forest.start.size());
  if (forest.width != DataType::float32 && forest.width != DataType::float64)
    corrupt("the width is neither FP32 nor FP64");
  for (std::int64_t tree = 0; tree < forest.trees(); ++tree) {
    const auto t = static_cast<std::size_t>(tree);
    const std::int64_t count = forest.tree_begin[t + 1] - forest.tree_begin[t];
    if (count < 1 || forest.tree_begin[t + 1] > static_cast<std::int64_t>(nodes)) corrupt("tree {} has no nodes", tree);
    if (forest.tree_output[t] < 0 || forest.tree_output[t] >= forest.outputs)
      corrupt("tree {} adds to output {} of {}", tree, forest.tree_output[t], forest.outputs);
    std::vector<bool> has_parent(static_cast<std::size_t>(count));
    for (std::int64_t node = 0; node < count; ++node) check_node(forest, tree, node, count, has_parent);
  }
}

namespace {

template <class T>
std::vector<std::int64_t> size_of(const std::vector<T>& values) {
  return {static_cast<std::int64_t>(values.size())};
}

/// A tensor that a forest may lack; then `values` becomes empty.
template <class T>
void read_optional(const TensorReader& reader, std::string_view name, std::vector<T>& values) {
  values.clear();
  if (reader.has(name)) values = reader.read<T>(name);
}

}  // namespace

std::vector<std::byte> to_bytes(const Forest& forest) {
  const auto nodes = static_cast<std::int64_t>(forest.feature.size());
  TensorWriter writer;
  writer.add<std::int64_t>("features", {1}, std::array{forest.features});
  writer.add<std::uint8_t>("link", {1}, std::array{static_cast<std::uint8_t>(forest.link)});
  writer.add<std::uint8_t>("width", {1}, std::array{static_cast<std::uint8_t>(forest.width)});
  writer.add<std::uint8_t>("version", {1}, std::array{form_version});
  writer.add<double>("base", {forest.outputs}, forest.base);
  writer.add<double>("start", {forest.outputs}, forest.start);
  writer.add<std::int64_t>("tree_begin", {forest.trees() + 1}, forest.tree_begin);
  writer.add<std::int32_t>("tree_output", {forest.trees()}, forest.tree_output);
  writer.add<std::int32_t>("feature", {nodes}, forest.feature);
  writer.add<double>("value", {nodes}, forest.value);
  writer.add<std::int32_t>("left", {nodes}, forest.left);
  writer.add<std::int32_t>("right", {nodes}, forest.right);
  writer.add<std::uint8_t>("missing", {nodes}, forest.missing);
  if (forest.has_categories()) {
    writer.add<std::int32_t>("category_set", {nodes}, forest.category_set);
    writer.add<std::int64_t>("category_begin", size_of(forest.category_begin), forest.category_begin);
    writer.add<std::uint32_t>("category_words", size_of(forest.category_words), forest.category_words);
  }
  if (!forest.gain.empty()) writer.add<float>("gain", {nodes}, forest.gain);
  if (!forest.cover.empty()) writer.add<float>("cover", {nodes}, forest.cover);
  return writer.finish();
}

void from_bytes(std::span<const std::byte> bytes, Forest& forest) {
  const TensorReader reader(bytes);
  check_version(reader);
  forest.features = reader.read<std::int64_t>("features", {1})[0];
  forest.link = detail::read_enum<Link>(reader, "link", Link::softmax);
  forest.width = detail::read_enum<DataType>(reader, "width", DataType::float64);
  forest.base = reader.read<double>("base");
  forest.start = reader.read<double>("start");
  forest.outputs = static_cast<std::int64_t>(forest.base.size());
  forest.tree_begin = reader.read<std::int64_t>("tree_begin");
  forest.tree_output = reader.read<std::int32_t>("tree_output");
  forest.feature = reader.read<std::int32_t>("feature");
  forest.value = reader.read<double>("value");
  forest.left = reader.read<std::int32_t>("left");
  forest.right = reader.read<std::int32_t>("right");
  forest.missing = reader.read<std::uint8_t>("missing");
  read_optional(reader, "category_set", forest.category_set);
  read_optional(reader, "category_begin", forest.category_begin);
  read_optional(reader, "category_words", forest.category_words);
  read_optional(reader, "gain", forest.gain);
  read_optional(reader, "cover", forest.cover);
  check(forest);
  detail::check_link(forest.link, forest.outputs);
}

}  // namespace scalar::inline v0
