#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <functional>

#include "core/fail.hpp"
#include "graph/collector.hpp"
#include "graph/lines.hpp"
#include "scalar/graph/read.hpp"

namespace scalar::inline v0::graph {
namespace {

enum class Symmetry { general, symmetric, skew };

class MatrixMarket {
 public:
  using Open = std::function<Lines()>;  // returns the lines from the beginning at each call

  MatrixMarket(Open open, const BuildOptions& options, const Runtime& runtime)
      : open_(std::move(open)), lines_(open_()), options_(options), runtime_(runtime) {}

  Graph read() {
    read_banner();
    read_size();
    options_.directed = symmetry_ != Symmetry::symmetric;
    options_.vertices = rows_;
    check(options_, weighted_);
    // A triangle stores each entry once; so does a general matrix, unless the caller says what to do with duplicates.
    if (symmetry_ != Symmetry::general) options_.duplicates = Duplicates::keep;
    Collector collector(options_, Ids::dense);
    std::uint64_t entries = 0;
    for (std::string_view line; lines_.next(line);) {
      Fields fields(lines_, line);
      if (fields.done()) continue;
      if (++entries > entries_) lines_.fail(Errc::parse, "goes on after the {}", promised());
      read_entry(fields, collector);
    }
    if (entries < entries_) lines_.fail_at_end("ends after {} entries, expected the {}", entries, promised());
    check_density(rows_, collector.edges(), lines_.file());
    Graph graph = build(collector);
    if (options_.duplicates == Duplicates::keep) check_unique(graph);
    return graph;
  }

 private:
  static constexpr const char* entry_line(bool weighted) noexcept {
    return weighted ? "a row, a column and a value" : "a row and a column";
  }
  Graph build(Collector& collector) const {
    try {
      return collector.build(weighted_, runtime_);
    } catch (const Error& error) {
      throw error.within(lines_.file());
    }
  }

  void check_unique(const Graph& graph) {
    for (Vertex v = 0; v < graph.vertices(); ++v) {
      const auto neighbors = graph.out(v);  // sorted
      const auto twice = std::adjacent_find(neighbors.begin(), neighbors.end());
      if (twice != neighbors.end()) refuse_duplicate(v, *twice);
    }
  }

  /// Reads the file again, up to the second entry between these vertices: the graph does not know line numbers.
  [[noreturn]] void refuse_duplicate(Vertex from, Vertex to) {
    lines_ = open_();
    read_banner();
    read_size();
    const bool both = symmetry_ != Symmetry::general;
    bool is_second = false;
    for (std::string_view line; lines_.next(line);) {
      Fields fields(lines_, line);
      if (fields.done()) continue;
      const Vertex row = place(fields, "row"), column = place(fields, "column");
      if (!(row == from && column == to) && !(both && row == to && column == from)) continue;
      if (is_second)
        lines_.fail(Errc::parse, "is {}, an entry that is there already{}", quoted(line),
                    both ? " (a symmetric matrix stores one of two mirrored entries)"
                         : "; Duplicates::sum or Duplicates::drop says what becomes of it");
      is_second = true;
    }
    fail(Errc::io, lines_.file(), "changed while it was read");
  }

  std::string promised() const { return fmt::format("{} entries that its size line promises", entries_); }

  void read_banner() {
    std::string_view line;
    if (!lines_.next(line)) lines_.fail_at_end("is empty, expected a line that begins with %%MatrixMarket");
    std::string lower(line);
    for (char& c : lower)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    Fields fields(lines_, lower);
    constexpr const char* banner = "%%MatrixMarket matrix coordinate <field> <symmetry>";
    std::array<std::string, 5> words;
    for (std::string& word : words) {
      if (fields.done()) lines_.fail(Errc::parse, "is {}, expected {}", quoted(line), banner);
      word = fields.word("word");
    }
    fields.expect_end(banner);
    if (words[0] != "%%matrixmarket") lines_.fail(Errc::parse, "is {}, expected {}", quoted(line), banner);
    choose(words[1], {"matrix"});
    choose(words[2], {"coordinate"});
    const std::size_t field = choose(words[3], {"pattern", "integer", "real"});
    weighted_ = field != 0;
    integer_ = field == 1;
    symmetry_ = static_cast<Symmetry>(choose(words[4], {"general", "symmetric", "skew-symmetric"}));
    if (symmetry_ == Symmetry::skew && !weighted_)
      lines_.fail(Errc::parse, "is {}: a pattern has no signs to be skew-symmetric in", quoted(line));
  }

  std::size_t choose(const std::string& word, std::initializer_list<const char*> known) const {
    std::string all;
    std::size_t i = 0;
    for (const char* name : known) {
      if (word == name) return i;
      all += (i++ == 0 ? "" : ", ") + std::string(name);
    }
    lines_.fail(Errc::unsupported, "says {}, expected {}{}", quoted(word), i > 1 ? "one of " : "", all);
  }

  void read_size() {
    std::string_view line;
    do {
      if (!lines_.next(line)) lines_.fail_at_end("ends before its size line");
    } while (line.starts_with('%') || Fields(lines_, line).done());
    Fields fields(lines_, line);
    rows_ = fields.number("number of rows");
    const std::uint64_t columns = fields.number("number of columns");
    entries_ = fields.number("number of entries");
    fields.expect_end("rows, columns and entries");
    if (rows_ != columns)
      lines_.fail(Errc::shape_mismatch, "is a matrix of {} rows and {} columns, expected as many rows as columns",
                  rows_, columns);
    if (rows_ > max_vertices) lines_.fail(Errc::too_large, "{} rows, expected at most {}", rows_, max_vertices);
  }

  Vertex place(Fields& fields, const char* what) const {
    const std::uint64_t number = fields.number(what);
    if (number < 1 || number > rows_)
      lines_.fail(Errc::out_of_range, "{} {}, expected one from 1 to {}", what, number, rows_);
    return static_cast<Vertex>(number - 1);
  }

  void read_entry(Fields& fields, Collector& collector) const {
    const Vertex row = place(fields, "row"), column = place(fields, "column");
    const float value = integer_ ? fields.integer_weight() : weighted_ ? fields.weight() : 0;
    fields.expect_end(entry_line(weighted_));
    if (!weighted_) return collector.push(row, column);
    collector.push(row, column, value);
    if (symmetry_ != Symmetry::skew) return;
    if (row == column) lines_.fail(Errc::parse, "is on the diagonal, which is zero in a skew-symmetric matrix");
    collector.push(column, row, -value);
  }

  Open open_;
  Lines lines_;
  BuildOptions options_;
  Runtime runtime_;
  bool weighted_ = false, integer_ = false;
  Symmetry symmetry_ = Symmetry::general;
  std::uint64_t rows_ = 0, entries_ = 0;
};

}  // namespace

Graph read_matrix_market(const data::Uri& uri, const BuildOptions& options, const Runtime& runtime) {
  return MatrixMarket([&] { return Lines(data::open_stream(uri, runtime), uri.string()); }, options, runtime).read();
}
Graph parse_matrix_market(std::string_view text, const BuildOptions& options, const Runtime& runtime) {
  return MatrixMarket([&] { return Lines(data::memory_stream(text, "matrix"), "matrix"); }, options, runtime).read();
}

}  // namespace scalar::inline v0::graph
