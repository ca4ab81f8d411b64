#include "scalar/graph/graph.hpp"

#include <algorithm>
#include <charconv>

#include "core/fail.hpp"
#include "graph/csr.hpp"
#include "graph/storage.hpp"

namespace scalar::inline v0::graph {

Graph::Graph(std::shared_ptr<const Storage> storage) : storage_(std::move(storage)) {
  const auto side = [](const Lists& lists) {
    return Side{lists.offsets.data(), lists.neighbors.data(), lists.weights.data()};
  };
  out_ = side(*storage_->out);
  in_ = storage_->in == nullptr ? Side{} : side(*storage_->in);
  edges_ = storage_->edges;
  vertices_ = storage_->vertices;
  directed_ = storage_->directed;
  ids_ = storage_->ids == nullptr ? Ids::dense : storage_->ids->kind;
}

void Graph::no_in_edges() {
  fail(Errc::empty, {}, "a directed graph that was built without in-edges; with_in_edges() adds them");
}

Graph Graph::with_in_edges(const Runtime& runtime) const {
  if (has_in_edges()) return *this;
  auto storage = std::make_shared<Storage>(*storage_);
  storage->in = std::make_shared<Lists>(transpose(*storage->out, runtime));
  return Graph(std::move(storage));
}

Graph Graph::transposed(const Runtime& runtime) const {
  if (!directed_) return *this;
  auto storage = std::make_shared<Storage>(*with_in_edges(runtime).storage_);
  std::swap(storage->in, storage->out);
  return Graph(std::move(storage));
}

std::uint64_t Graph::id(Vertex vertex) const {
  if (vertex >= vertices_) fail(Errc::out_of_range, {}, "vertex {} of a graph of {} vertices", vertex, vertices_);
  if (ids_ == Ids::text)
    fail(Errc::type_mismatch, {}, "the ids of this graph are texts, such as \"{}\"; name() gives them",
         storage_->ids->name(vertex));
  return ids_ == Ids::dense ? vertex : storage_->ids->numbers[vertex];
}

std::string Graph::name(Vertex vertex) const {
  if (ids_ == Ids::text && vertex < vertices_) return std::string(storage_->ids->name(vertex));
  return std::to_string(id(vertex));
}

std::optional<Vertex> Graph::find(std::uint64_t id) const noexcept {
  if (ids_ == Ids::dense) return id < vertices_ ? std::optional(static_cast<Vertex>(id)) : std::nullopt;
  if (ids_ == Ids::text) return std::nullopt;
  const std::vector<std::uint64_t>& numbers = storage_->ids->numbers;
  const auto found = std::lower_bound(numbers.begin(), numbers.end(), id);
  if (found == numbers.end() || *found != id) return std::nullopt;
  return static_cast<Vertex>(found - numbers.begin());
}

std::optional<Vertex> Graph::find(std::string_view name) const noexcept {
  if (ids_ != Ids::text) {
    std::uint64_t id = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), id);
    const bool canonical = error == std::errc{} && end == name.data() + name.size() && (name[0] != '0' || id == 0);
    return canonical && (id != 0 || name.size() == 1) ? find(id) : std::nullopt;
  }
  const IdTable& table = *storage_->ids;
  Vertex first = 0;
  for (Vertex count = vertices_; count > 0;) {
    const Vertex half = count / 2;
    if (table.name(first + half) < name) {
      first += half + 1;
      count -= half + 1;
    } else {
      count = half;
    }
  }
  return first < vertices_ && table.name(first) == name ? std::optional(first) : std::nullopt;
}

std::size_t Graph::memory_bytes() const noexcept {
  if (storage_ == nullptr) return 0;
  std::size_t bytes = storage_->out->bytes();
  if (storage_->in != nullptr && storage_->in != storage_->out) bytes += storage_->in->bytes();
  if (const IdTable* const ids = storage_->ids.get())
    bytes += ids->numbers.size() * sizeof(std::uint64_t) + ids->text.size() + ids->ends.size() * sizeof(std::uint64_t);
  return bytes;
}

}  // namespace scalar::inline v0::graph
