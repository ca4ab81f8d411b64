#include "backend/native/trees/forest_parts.hpp"

#include <algorithm>
#include <cstddef>

#include "backend/native/peer_rounds.hpp"
#include "scalar/backend/native/native.hpp"

namespace scalar::inline v0::backend::trees {

Forest some_trees(const Forest& forest, std::int64_t first, std::int64_t last) {
  const auto node = [&](std::int64_t tree) { return forest.tree_begin[static_cast<std::size_t>(tree)]; };
  const auto copy = [](const auto& from, std::int64_t begin, std::int64_t end, auto& to) {
    if (!from.empty()) to.assign(from.begin() + begin, from.begin() + end);
  };
  Forest part{.features = forest.features, .outputs = forest.outputs, .link = forest.link, .width = forest.width};
  part.base.assign(forest.base.size(), 0.0);
  part.start.assign(forest.start.size(), 0.0);
  copy(forest.tree_begin, first, last + 1, part.tree_begin), copy(forest.tree_output, first, last, part.tree_output);
  for (std::int64_t& begin : part.tree_begin) begin -= node(first);
  const auto copy_nodes = [&](const auto& from, auto& to) { copy(from, node(first), node(last), to); };
  copy_nodes(forest.feature, part.feature), copy_nodes(forest.value, part.value), copy_nodes(forest.left, part.left);
  copy_nodes(forest.right, part.right), copy_nodes(forest.missing, part.missing);
  copy_nodes(forest.category_set, part.category_set);
  part.category_begin = forest.category_begin;
  part.category_words = forest.category_words;
  return part;
}

void cut(Forest& forest, std::int64_t trees) {
  const auto count = static_cast<std::size_t>(trees), nodes = static_cast<std::size_t>(forest.tree_begin[count]);
  const auto shorten = [](auto& values, std::size_t size) {
    if (values.size() > size) values.resize(size);
  };
  shorten(forest.tree_begin, count + 1), shorten(forest.tree_output, count);
  shorten(forest.feature, nodes), shorten(forest.value, nodes), shorten(forest.left, nodes);
  shorten(forest.right, nodes), shorten(forest.missing, nodes), shorten(forest.category_set, nodes);
  shorten(forest.gain, nodes), shorten(forest.cover, nodes);
}

void append(Forest& to, const Forest& from) {
  const auto add = [](auto& all, const auto& more) { all.insert(all.end(), more.begin(), more.end()); };
  const std::int64_t nodes = to.tree_begin.back();
  for (std::size_t tree = 1; tree < from.tree_begin.size(); ++tree)
    to.tree_begin.push_back(nodes + from.tree_begin[tree]);
  add(to.tree_output, from.tree_output), add(to.feature, from.feature), add(to.value, from.value);
  add(to.left, from.left), add(to.right, from.right), add(to.missing, from.missing);
  if (to.has_categories()) to.category_set.insert(to.category_set.end(), from.feature.size(), -1);
  const bool has_both = to.gain.empty() == from.gain.empty() || nodes == 0;  // what is known of some is known of none
  if (has_both) {
    add(to.gain, from.gain), add(to.cover, from.cover);
  } else {
    to.gain.clear(), to.cover.clear();
  }
}

std::vector<double> sums_of(const Forest& forest, FloatMatrix rows, const native::ThreadTeam& team) {
  Forest without_base = forest;
  std::fill(without_base.base.begin(), without_base.base.end(), 0.0);
  return native::margins_of(compile(without_base, team.runtime()), rows, team);
}

}  // namespace scalar::inline v0::backend::trees
