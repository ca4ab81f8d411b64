#include "scalar/graph/read.hpp"

#include <zlib.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "graph/checks.hpp"
#include "scalar/core/error.hpp"
#include "scalar/core/json.hpp"
#include "scalar/data/store.hpp"
#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/paths.hpp"
#include "support/temporary_directory.hpp"

using namespace scalar;
using namespace scalar::graph;
using graph_test::list;
using graph_test::Vertices;
using test::message_of;

namespace {

std::string refused(Errc expected, const std::string& text, const ReadEdgesOptions& options = {}) {
  return message_of(expected, [&] { parse_edge_list(text, options); });
}
std::string refused_matrix(Errc expected, const std::string& text) {
  return message_of(expected, [&] { parse_matrix_market(text); });
}

std::string gzipped(const std::string& text) {
  z_stream state{};
  REQUIRE(::deflateInit2(&state, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(text.size() + 100, '\0');
  state.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  state.avail_in = static_cast<uInt>(text.size());
  state.next_out = reinterpret_cast<Bytef*>(out.data());
  state.avail_out = static_cast<uInt>(out.size());
  REQUIRE(::deflate(&state, Z_FINISH) == Z_STREAM_END);
  out.erase(out.size() - state.avail_out);
  ::deflateEnd(&state);
  return out;
}

const json::Value& reference() {
  static const json::Value value = [] {
    std::ifstream file(test::source_file("tests/graph/storage_reference.json"));
    return json::parse(std::string(std::istreambuf_iterator<char>(file), {}));
  }();
  return value;
}

/// The sums of storage_reference.py.
void check_sums(std::span<const std::int64_t> offsets, std::span<const Vertex> neighbors, const json::Value& expected) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < offsets.size(); ++i) sum += offsets[i] * static_cast<std::int64_t>(i % 97 + 1);
  CHECK(sum == expected.at("offsets").as_int());
  sum = 0;
  for (std::size_t i = 0; i < neighbors.size(); ++i) sum += neighbors[i] * static_cast<std::int64_t>(i % 89 + 1);
  CHECK(sum == expected.at("neighbors").as_int());
}

void check_facts(const Graph& graph, const json::Value& expected) {
  CHECK(graph.vertices() == expected.at("vertices").as_uint());
  CHECK(graph.edges() == expected.at("edges").as_int());
  std::int64_t loops = 0;
  for (Vertex v = 0; v < graph.vertices(); ++v)
    for (const Vertex w : graph.out(v)) loops += v == w;
  CHECK(loops == expected.at("self_loops").as_int());
  check_sums(graph.out_offsets(), graph.out_neighbors(), expected.at("out"));
  if (graph.is_directed()) check_sums(graph.in_offsets(), graph.in_neighbors(), expected.at("in"));
}

bool has_data(const std::string& path) {
  if (std::ifstream(path)) return true;
  WARN("skipped: " << path << " is not there");
  return false;
}

template <class T>
void put(std::string& bytes, T value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

/// A serialized graph from its parts.
struct Sg {
  unsigned char directed = 1;
  std::int64_t edges = 3, vertices = 3;
  std::vector<std::int64_t> out{0, 2, 3, 3}, in{0, 0, 1, 3};
  std::vector<std::int32_t> out_neighbors{1, 2, 2}, in_neighbors{0, 0, 1};

  std::string bytes() const {
    std::string text;
    put(text, directed);
    put(text, edges);
    put(text, vertices);
    for (const auto offset : out) put(text, offset);
    for (const auto neighbor : out_neighbors) put(text, neighbor);
    if (directed != 1) return text;
    for (const auto offset : in) put(text, offset);
    for (const auto neighbor : in_neighbors) put(text, neighbor);
    return text;
  }
  std::string refused(Errc expected = Errc::parse) const {
    return message_of(expected, [&] { parse_sg(bytes()); });
  }
};

}  // namespace

TEST_CASE("edge lists as people write them") {
  const Graph graph = parse_edge_list("\xef\xbb\xbf# comment\n\n10 30\r\n  30\t 20 \n#10 20\n20 30\n \t\n10 10");
  CHECK(graph.vertices() == 3);
  CHECK(graph.edges() == 4);
  CHECK(graph.id(0) == 10);
  CHECK(graph.id(2) == 30);
  CHECK(list(graph.out(0)) == Vertices{0, 2});
  CHECK(list(graph.in(2)) == Vertices{0, 1});
  CHECK(parse_edge_list("").vertices() == 0);
  CHECK(parse_edge_list("\n#\n").vertices() == 0);
  CHECK(parse_edge_list("0 18446744073709551615").id(1) == 18446744073709551615u);
  CHECK(parse_edge_list("0 0000000000000000000000000000001").has_dense_ids());
}

TEST_CASE("weights are a third column") {
  const Graph graph =
      parse_edge_list("1 2 0.5\n2 3 -1e3\n3 1 +7\n3 3 0.000\n", {.build = {.directed = false}, .weighted = true});
  CHECK(graph.has_weights());
  CHECK(list(graph.out_weights(1)) == std::vector<float>{0.5f, -1000});
  CHECK(list(graph.out_weights(2)) == std::vector<float>{7, -1000, 0});
  CHECK(parse_edge_list("", {.weighted = true}).has_weights());
}

TEST_CASE("a weight that would become another one is refused") {
  const auto parse = [](const std::string& weight) {
    return parse_edge_list("0 1 " + weight + "\n", {.weighted = true}).out_weights(0)[0];
  };
  for (const char* kept :
       {"0", "-0.0", "0e9", "16777216", "-16777216", "16777218", "33554432.0", "18446744073709551616", "0016777218",
        "1e-45", "1e10", "16777217e0", "6.02e23", "-1.6777217E7", "3.4028234e38"}) {
    INFO(kept);
    CHECK(parse(kept) == std::strtof(kept, nullptr));
  }
  CHECK(parse("0.1") == 0.1f);
  CHECK(parse("8388607.75") == 8388608);
  for (const char* changed : {"16777217", "-16777217", "33554433", "16777217.0", "16777216.5", "123456789.5",
                              "9007199254740993", "18446744073709551617", "340282346638528859811704183484516925441"}) {
    INFO(changed);
    CHECK(refused(Errc::out_of_range, "0 1 1\n0 2 " + std::string(changed), {.weighted = true}) ==
          "edges:2: is \"0 2 " + std::string(changed) + "\": the weight \"" + changed +
              "\" would change as a float32, which holds whole numbers up to 16777216");
  }
  for (const char* vanished : {"1e-50", "-1e-50", "1e-999", "0.00000000000000000000000000000000000000000000000001"})
    CHECK(refused(Errc::out_of_range, "0 1 " + std::string(vanished), {.weighted = true})
              .ends_with("would become 0 as a float32"));
  // The same in every text.
  CHECK(message_of(Errc::out_of_range, [] {
          parse_graphalytics("0\n1\n", "0 1 16777217\n", {.weighted = true});
        }).starts_with("edges:1: "));
  CHECK(refused_matrix(Errc::out_of_range, "%%MatrixMarket matrix coordinate integer general\n3 3 1\n1 2 16777219\n")
            .starts_with("matrix:3: is \"1 2 16777219\": the weight \"16777219\" would change"));
  CHECK(refused_matrix(Errc::out_of_range, "%%MatrixMarket matrix coordinate real general\n3 3 1\n1 2 1e-50\n")
            .starts_with("matrix:3: "));
}

TEST_CASE("KONECT's comments are comments") {
  const Graph graph = parse_edge_list("% sym unweighted\n% 2 3 3\n1 2\n2 3\n");
  CHECK(graph.edges() == 2);
  CHECK(parse_edge_list("%a b\na b\n", {.ids = Ids::text}).vertices() == 2);
}

TEST_CASE("a matrix that contradicts its first line is refused") {
  const auto text = [](const char* field, const char* symmetry, const std::string& entries) {
    const auto count = std::count(entries.begin(), entries.end(), '\n');
    return std::string("%%MatrixMarket matrix coordinate ") + field + " " + symmetry + "\n%\n3 3 " +
           std::to_string(count) + "\n" + entries;
  };
  for (const char* value : {"1.5", "2.0", "1e3"})
    CHECK(refused_matrix(Errc::parse, text("integer", "general", "1 1 1\n1 2 " + std::string(value) + "\n")) ==
          "matrix:5: is \"1 2 " + std::string(value) + "\": its value is not an integer, as the first line says it is");
  CHECK(parse_matrix_market(text("integer", "general", "1 1 +1\n1 2 -7 \n")).out_weights(0)[1] == -7);
  // Twice the same entry.
  CHECK(refused_matrix(Errc::parse,
                       "%%MatrixMarket matrix coordinate real general\n3 3 4\n2 1 4\n1 2 5\n\n1 1 0\n2 1 5\n") ==
        "matrix:7: is \"2 1 5\", an entry that is there already; Duplicates::sum or Duplicates::drop says what becomes "
        "of it");
  CHECK(refused_matrix(Errc::parse, text("pattern", "general", "3 3\n3 3\n")).starts_with("matrix:5: "));
  const std::string twice = text("real", "general", "2 1 4\n2 1 5\n");
  CHECK(list(parse_matrix_market(twice, {.duplicates = Duplicates::sum}).out_weights(1)) == std::vector<float>{9});
  CHECK(list(parse_matrix_market(twice, {.duplicates = Duplicates::drop}).out_weights(1)) == std::vector<float>{4});
  CHECK(parse_matrix_market(text("real", "general", "2 1 4\n1 2 5\n")).edges() == 2);
  // The whole matrix, said to be symmetric: each edge would count twice.
  for (const char* symmetry : {"symmetric", "skew-symmetric"})
    for (const Duplicates duplicates : {Duplicates::keep, Duplicates::drop, Duplicates::sum})
      CHECK(message_of(Errc::parse,
                       [&] {
                         parse_matrix_market(text("real", symmetry, "2 1 4\n3 1 4\n1 2 4\n1 3 4\n"),
                                             {.duplicates = duplicates});
                       }) ==
            "matrix:6: is \"1 2 4\", an entry that is there already (a symmetric matrix stores one of two mirrored "
            "entries)");
  CHECK(refused_matrix(Errc::parse, text("pattern", "symmetric", "2 2\n2 2\n")).starts_with("matrix:5: "));
  CHECK(parse_matrix_market(text("pattern", "symmetric", "1 1\n1 2\n3 1\n")).edges() == 3);  // either triangle
  test::TemporaryDirectory folder;
  data::write_bytes(folder / "a.mtx", gzipped(text("pattern", "general", "1 1\n1 1\n")));
  CHECK(message_of(Errc::parse, [&] { read_matrix_market(folder / "a.mtx"); }).find("a.mtx:5: ") != std::string::npos);
}

TEST_CASE("ids may be words, or the vertices themselves") {
  const Graph words = parse_edge_list("alice bob\nbob carol\n#x y\n007 7", {.ids = Ids::text});
  CHECK(words.vertices() == 5);
  CHECK(words.name(0) == "007");
  CHECK(list(words.out(*words.find("alice"))) == Vertices{*words.find("bob")});
  const Graph dense = parse_edge_list("5 2\n", {.ids = Ids::dense});
  CHECK(dense.vertices() == 6);
  CHECK(list(dense.out(5)) == Vertices{2});
}

TEST_CASE("an edge list with text in it says where") {
  CHECK(refused(Errc::parse, "1 2\nhello world\n") ==
        "edges:2: is \"hello world\": \"hello\" is not a vertex id, expected a number from 0 to 18446744073709551615");
  CHECK(refused(Errc::parse, "1\n") == "edges:1: is \"1\", expected a vertex id after it");
  CHECK(refused(Errc::parse, "1 2 3\n") ==
        "edges:1: is \"1 2 3\", expected two vertex ids (weighted = true reads a third column) and nothing after");
  CHECK(refused(Errc::parse, "1 2 3 4\n", {.weighted = true}) ==
        "edges:1: is \"1 2 3 4\", expected two vertex ids and a weight and nothing after");
  CHECK(refused(Errc::parse, "1 2\n", {.weighted = true}) == "edges:1: is \"1 2\", expected a weight after it");
  CHECK(refused(Errc::parse, "1 2 x\n", {.weighted = true}) ==
        "edges:1: is \"1 2 x\": \"x\" is not a weight, expected a finite decimal");
  for (const char* weight : {"nan", "inf", "-infinity", "1.2.3", "1e", "--1", "0x10", "1,5", "."})
    CHECK(refused(Errc::parse, std::string("1 2 ") + weight, {.weighted = true}).find("is not a weight") !=
          std::string::npos);
  for (const char* id : {"-1", "+1", "1.0", "1e3", "0x1", "1,2", "\x01", "1\r2", "\xef\xbb\xbf"})
    CHECK(refused(Errc::parse, std::string("0 0\n1 ") + id).starts_with("edges:2: is \"1 "));
  CHECK(refused(Errc::out_of_range, "1 18446744073709551616\n") ==
        "edges:1: the vertex id \"18446744073709551616\" is above 18446744073709551615");
  CHECK(refused(Errc::out_of_range, "1 2 1e39\n", {.weighted = true}) ==
        "edges:1: is \"1 2 1e39\": the weight \"1e39\" is beyond float32");
  CHECK(refused(Errc::out_of_range, "1 2 1e999\n", {.weighted = true}) ==
        "edges:1: is \"1 2 1e999\": the weight \"1e999\" is beyond float32");
  CHECK(refused(Errc::parse, std::string("1 \0", 3)) ==
        "edges:1: is \"1 \\x00\", expected no control characters in it");
  CHECK(refused(Errc::parse, "a b\x7f\x01 c", {.ids = Ids::text}).find("no control characters") != std::string::npos);
  CHECK(refused(Errc::too_large, "1 2\n" + std::string(70'000, ' ')) == "edges:2: a line of more than 65536 bytes");
  CHECK(refused(Errc::too_large, std::string(1'000'000, '#')) == "edges:1: a line of more than 65536 bytes");
  CHECK(refused(Errc::parse, std::string(300, 'x') + " 1") ==
        "edges:1: is \"" + std::string(60, 'x') + "...\": \"" + std::string(60, 'x') +
            "...\" is not a vertex id, expected a number from 0 to 18446744073709551615");
  CHECK(refused(Errc::too_large, "0 4294967293\n", {.ids = Ids::dense}) ==
        "edges: 4294967294 vertices for 1 edges, expected at most 1048640 where vertices are numbered densely");
  CHECK(refused(Errc::too_large, "0 4294967294\n", {.ids = Ids::dense}) ==
        "edges:1: vertex 4294967294, expected one below 4294967294; Ids::numbers takes any");
  CHECK(refused(Errc::invalid_argument, "", {.build = {.duplicates = Duplicates::sum}}) ==
        "Duplicates::sum needs edges with weights");
}

TEST_CASE("lines may lie across any piece of the stream") {
  std::string text;
  for (int i = 0; i < 100'000; ++i) {
    text += std::to_string(i) + " " + std::to_string((i + 1) % 100'000) + (i % 3 == 0 ? "\r\n" : "\n");
  }
  const Graph graph = parse_edge_list(text);
  REQUIRE(graph.vertices() == 100'000);
  for (Vertex v = 0; v < 100'000; ++v) REQUIRE(list(graph.out(v)) == Vertices{(v + 1) % 100'000});
}

TEST_CASE("gzip is seen by its first bytes, and a cut is an error") {
  test::TemporaryDirectory folder;
  const auto file = [&](const std::string& name, const std::string& bytes) {
    data::write_bytes(folder / name, bytes);
    return data::Uri(folder / name);
  };
  const std::string text = "1 2\n2 3\n";
  CHECK(read_edge_list(file("a.txt", gzipped(text))).edges() == 2);
  CHECK(read_edge_list(file("b.gz", gzipped(text))).edges() == 2);
  CHECK(parse_edge_list(gzipped(text)).edges() == 2);
  const std::string whole = gzipped(text);
  for (const std::size_t size : {whole.size() - 1, whole.size() - 8, std::size_t{12}})
    CHECK(message_of(Errc::corrupt, [&] {
            read_edge_list(file("c.gz", whole.substr(0, size)));
          }).ends_with("c.gz: gzip data ends within a member"));
  std::string flipped = whole;
  flipped[flipped.size() - 6] ^= 1;
  CHECK(message_of(Errc::corrupt, [&] { parse_edge_list(flipped); }).starts_with("edges: gzip data is damaged"));
  CHECK(message_of(Errc::corrupt, [&] { read_edge_list(file("d.gz", text)); }).find("is named .gz") !=
        std::string::npos);
  CHECK(
      message_of(Errc::parse, [&] {
        read_edge_list(file("e.txt", "1 2\n3 x\n"));
      }).ends_with("/e.txt:2: is \"3 x\": \"x\" is not a vertex id, expected a number from 0 to 18446744073709551615"));
  message_of(Errc::not_found, [&] { read_edge_list(folder / "absent"); });
}

TEST_CASE("Matrix Market is read as scipy reads it") {
  for (const json::Value& expected : reference().at("matrices").as_array()) {
    const std::string& text = expected.at("text").as_string();
    INFO(text);
    const Graph graph = parse_matrix_market(text);
    std::vector<std::int64_t> offsets;
    Vertices neighbors;
    std::vector<float> weights;
    for (const auto& value : expected.at("offsets").as_array()) offsets.push_back(value.as_int());
    for (const auto& value : expected.at("neighbors").as_array())
      neighbors.push_back(static_cast<Vertex>(value.as_uint()));
    for (const auto& value : expected.at("weights").as_array())
      weights.push_back(static_cast<float>(value.as_double()));
    CHECK(list(graph.out_offsets()) == offsets);
    CHECK(list(graph.out_neighbors()) == neighbors);
    CHECK(graph.has_weights() != expected.at("pattern").as_bool());
    if (graph.has_weights()) CHECK(list(graph.out_weights()) == weights);
    CHECK(graph.is_directed() == (text.find("general") != std::string::npos ||
                                  text.find("General") != std::string::npos || text.find("skew") != std::string::npos));
  }
}

TEST_CASE("a matrix that is none says why") {
  const std::string banner = "%%MatrixMarket matrix coordinate real general\n";
  CHECK(refused_matrix(Errc::parse, "") == "matrix: is empty, expected a line that begins with %%MatrixMarket");
  CHECK(refused_matrix(Errc::parse, "1 2\n") ==
        "matrix:1: is \"1 2\", expected %%MatrixMarket matrix coordinate <field> <symmetry>");
  CHECK(refused_matrix(Errc::unsupported, "%%MatrixMarket matrix array real general\n") ==
        "matrix:1: says \"array\", expected coordinate");
  CHECK(refused_matrix(Errc::unsupported, "%%MatrixMarket matrix coordinate complex general\n") ==
        "matrix:1: says \"complex\", expected one of pattern, integer, real");
  CHECK(refused_matrix(Errc::unsupported, "%%MatrixMarket matrix coordinate real hermitian\n") ==
        "matrix:1: says \"hermitian\", expected one of general, symmetric, skew-symmetric");
  CHECK(refused_matrix(Errc::parse, "%%MatrixMarket matrix coordinate pattern skew-symmetric\n")
            .ends_with("a pattern has no signs to be skew-symmetric in"));
  CHECK(refused_matrix(Errc::parse, banner) == "matrix: ends before its size line");
  CHECK(refused_matrix(Errc::shape_mismatch, banner + "2 3 0\n") ==
        "matrix:2: is a matrix of 2 rows and 3 columns, expected as many rows as columns");
  CHECK(refused_matrix(Errc::parse, banner + "2 2\n") == "matrix:2: is \"2 2\", expected a number of entries after it");
  CHECK(refused_matrix(Errc::too_large, banner + "5000000000 5000000000 0\n") ==
        "matrix:2: 5000000000 rows, expected at most 4294967294");
  CHECK(refused_matrix(Errc::too_large, banner + "4000000000 4000000000 1\n1 1 1\n") ==
        "matrix: 4000000000 vertices for 1 edges, expected at most 1048640 where vertices are numbered densely");
  CHECK(refused_matrix(Errc::parse, banner + "2 2 9223372036854775808\n1 1 1\n") ==
        "matrix: ends after 1 entries, expected the 9223372036854775808 entries that its size line promises");
  CHECK(refused_matrix(Errc::parse, banner + "2 2 1\n1 1 1\n2 2 2\n") ==
        "matrix:4: goes on after the 1 entries that its size line promises");
  CHECK(refused_matrix(Errc::out_of_range, banner + "2 2 1\n0 1 1\n") == "matrix:3: row 0, expected one from 1 to 2");
  CHECK(refused_matrix(Errc::out_of_range, banner + "2 2 1\n1 3 1\n") ==
        "matrix:3: column 3, expected one from 1 to 2");
  CHECK(refused_matrix(Errc::parse, banner + "2 2 1\n1 1\n") == "matrix:3: is \"1 1\", expected a weight after it");
  CHECK(refused_matrix(Errc::parse, "%%MatrixMarket matrix coordinate pattern general\n2 2 1\n1 1 1\n") ==
        "matrix:3: is \"1 1 1\", expected a row and a column and nothing after");
  CHECK(refused_matrix(Errc::parse, "%%MatrixMarket matrix coordinate real skew-symmetric\n2 2 1\n1 1 1\n") ==
        "matrix:3: is on the diagonal, which is zero in a skew-symmetric matrix");
}

TEST_CASE("Graphalytics graphs have vertices of their own") {
  const Graph graph =
      parse_graphalytics("1\n5\n3\n9\n", "5 1 0.5\n3 5 1.25\n", {.build = {.directed = false}, .weighted = true});
  CHECK(graph.vertices() == 4);
  CHECK(graph.edges() == 2);
  CHECK(graph.id(3) == 9);
  CHECK(graph.out_degree(3) == 0);
  CHECK(list(graph.out(2)) == Vertices{0, 1});
  CHECK(list(graph.out_weights(2)) == std::vector<float>{0.5f, 1.25f});
  CHECK(parse_graphalytics("b\na\n", "a b\n", {.ids = Ids::text}).name(0) == "a");
  CHECK(message_of(Errc::not_found, [] { parse_graphalytics("1\n2\n", "1 2\n1 3\n"); }) ==
        "edges:2: vertex 3 is not in vertices");
  CHECK(message_of(Errc::not_found, [] { parse_graphalytics("a\n", "a c\n", {.ids = Ids::text}); }) ==
        "edges:1: vertex \"c\" is not in vertices");
  CHECK(message_of(Errc::parse, [] { parse_graphalytics("1\n2\n1\n", ""); }) ==
        "vertices:3: the vertex is there already, expected each one once");
  // Properties of vertices are not read.
  CHECK(parse_graphalytics("1 0.5 a\n% x\n2\n", "1 2\n").vertices() == 2);
}

TEST_CASE("serialized graphs are read, and those out of order sorted") {
  const Graph graph = parse_sg(Sg{}.bytes());
  CHECK(graph.is_directed());
  CHECK(graph.edges() == 3);
  CHECK(list(graph.out(0)) == Vertices{1, 2});
  CHECK(list(graph.in(2)) == Vertices{0, 1});
  CHECK_FALSE(parse_sg(Sg{}.bytes(), false).has_in_edges());
  CHECK(list(parse_sg(Sg{.out_neighbors = {2, 1, 2}, .in_neighbors = {0, 1, 0}}.bytes()).out(0)) == Vertices{1, 2});

  const Graph undirected =
      parse_sg(Sg{.directed = 0, .edges = 4, .out = {0, 2, 3, 4}, .out_neighbors = {1, 2, 0, 0}}.bytes());
  CHECK(undirected.edges() == 2);
  CHECK_FALSE(undirected.is_directed());

  // Weighted: pairs of neighbor and weight.
  const Graph weighted =
      parse_sg(Sg{.directed = 0, .edges = 4, .out = {0, 2, 3, 4}, .out_neighbors = {2, -5, 1, 7, 0, 7, 0, -5}}.bytes());
  CHECK(list(weighted.out(0)) == Vertices{1, 2});
  CHECK(list(weighted.out_weights(0)) == std::vector<float>{7, -5});
  CHECK(parse_sg(Sg{.directed = 0, .edges = 0, .vertices = 0, .out = {0}, .out_neighbors = {}}.bytes()).vertices() ==
        0);
}

TEST_CASE("serialized graphs that lie are refused") {
  CHECK(message_of(Errc::parse, [] { parse_sg("abc"); }) == "sg: has 3 bytes, expected a header of 17");
  CHECK(Sg{.directed = 2}.refused() == "sg: begins with byte 2, expected 0 (undirected) or 1");
  const std::string huge = Sg{.edges = INT64_MIN, .vertices = INT64_MIN}.refused();
  CHECK(huge == "sg: claims 9223372036854775808 vertices and 9223372036854775808 entries in 105 bytes");
  CHECK(Sg{.edges = -1}.refused() == "sg: claims 3 vertices and 18446744073709551615 entries in 105 bytes");
  CHECK(Sg{.edges = 4}.refused() ==
        "sg: has 105 bytes, expected 113 for 3 vertices and 4 entries, or 145 with weights");
  CHECK(message_of(Errc::parse, [] { parse_sg(Sg{}.bytes() + "x"); }).starts_with("sg: has 106 bytes, expected 105"));
  const std::string whole = Sg{}.bytes();
  for (std::size_t size = 0; size < whole.size(); ++size)
    message_of(Errc::parse, [&] { parse_sg(std::string_view(whole).substr(0, size)); });
  CHECK(Sg{.out = {1, 2, 3, 3}}.refused() == "sg: out-offset 0 is 1, expected 0");
  CHECK(Sg{.out = {0, 2, 1, 3}}.refused() == "sg: out-offset 2 is 1, expected 2 to 3");
  CHECK(Sg{.out = {0, 2, 4, 3}}.refused() == "sg: out-offset 2 is 4, expected 2 to 3");
  CHECK(Sg{.out = {0, -9, 3, 3}}.refused() == "sg: out-offset 1 is -9, expected 0 to 3");
  CHECK(Sg{.out = {0, 2, 2, 2}}.refused() == "sg: the last out-offset is 2, expected the number of entries, 3");
  CHECK(Sg{.in = {0, 0, 1, 2}}.refused() == "sg: the last in-offset is 2, expected the number of entries, 3");
  CHECK(Sg{.out_neighbors = {1, 3, 2}}.refused() == "sg: out-neighbor 1 is 3, expected a vertex from 0 to 2");
  CHECK(Sg{.in_neighbors = {0, 0, -1}}.refused() == "sg: in-neighbor 2 is -1, expected a vertex from 0 to 2");
  CHECK(Sg{.in_neighbors = {0, 0, 0}}.refused() == "sg: its in-edges are not its edges turned around");
  CHECK(Sg{.directed = 0}.refused() == "sg: an undirected graph with an edge at one of its ends only");
  CHECK(Sg{.directed = 0, .edges = 2, .vertices = 2, .out = {0, 1, 2}, .out_neighbors = {1, 5, 0, 6}}.refused() ==
        "sg: an undirected graph with an edge at one of its ends only");  // two weights of one edge
  CHECK(Sg{.directed = 0, .edges = 2, .vertices = 2, .out = {0, 1, 2}, .out_neighbors = {1, 16777217, 0, 16777217}}
            .refused(Errc::out_of_range) == "sg: weight 0 is 16777217, expected what a float32 holds exactly");
}

TEST_CASE("facebook_combined is what networkx says") {
  const std::string path = test::shared_data("facebook_combined.txt");
  if (!has_data(path)) return;
  const Graph graph = read_edge_list(path, {.build = {.directed = false}});
  CHECK(graph.has_dense_ids());
  check_facts(graph, reference().at("facebook_combined.txt"));
}

TEST_CASE("web-NotreDame is what networkx says") {
  const std::string path = test::shared_data("web-NotreDame.txt.gz");
  if (!has_data(path)) return;
  const Graph graph = read_edge_list(path);
  CHECK(graph.has_dense_ids());
  check_facts(graph, reference().at("web-NotreDame.txt.gz"));
}
