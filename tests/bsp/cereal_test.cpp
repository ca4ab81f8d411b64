#include "scalar/bsp/messages/cereal.hpp"

#include <cereal/types/map.hpp>
#include <cereal/types/memory.hpp>
#include <cereal/types/string.hpp>
#include <cereal/types/vector.hpp>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "bsp/everywhere.hpp"
#include "scalar/core/error.hpp"
#include "scalar/core/random.hpp"
#include "support/catch.hpp"

using namespace scalar;
using bsp::from_bytes;
using bsp::Serializer;
using bsp::to_bytes;

namespace zoo {

struct Animal {
  std::string name;
  std::vector<double> weights;
  std::map<std::string, int> toys;
  bool wild = false;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(name), weights, toys, wild);
  }
  friend bool operator==(const Animal&, const Animal&) = default;
};

class Keeper {  // with private functions
 public:
  Keeper() = default;
  explicit Keeper(std::string name) : name_(std::move(name)) {}
  friend bool operator==(const Keeper&, const Keeper&) = default;

 private:
  friend class cereal::access;
  template <class Archive>
  void save(Archive& archive) const {
    archive(name_);
  }
  template <class Archive>
  void load(Archive& archive) {
    archive(name_);
  }
  std::string name_;
};

struct Tree {
  std::string label;
  std::vector<Tree> children;
  friend bool operator==(const Tree&, const Tree&) = default;
};
template <class Archive>
void serialize(Archive& archive, Tree& tree) {
  archive(tree.label, tree.children);
}

struct Unknown {
  std::string text;
};

}  // namespace zoo

namespace {

using zoo::Animal;
using zoo::Keeper;
using zoo::Tree;

static_assert(Serializer<Animal>::available && Serializer<Keeper>::available && Serializer<Tree>::available);
static_assert(Serializer<std::vector<Animal>>::available && Serializer<std::shared_ptr<Animal>>::available);
static_assert(!Serializer<zoo::Unknown>::available && !Serializer<std::vector<zoo::Unknown>>::available);

Animal animal(int i) {
  return {"animal " + std::to_string(i), {1.5 * i, 2.5}, {{"ball", i}, {"a rope of some length", 2}}, i % 2 == 1};
}
Tree tree() { return {"root", {{"left", {}}, {"right", {{"leaf", {}}}}}}; }

template <class T>
std::string outcome_of(std::span<const std::byte> bytes) {
  try {
    (void)from_bytes<T>(bytes);
    return "a value";
  } catch (const Error& error) {
    return error.code() == Errc::parse ? error.what() : "another code";
  }
}

}  // namespace

TEST_CASE("types with functions for cereal come back from their bytes") {
  CHECK(from_bytes<Animal>(to_bytes(animal(3))) == animal(3));
  CHECK(from_bytes<Keeper>(to_bytes(Keeper("Ann"))) == Keeper("Ann"));
  CHECK(from_bytes<Tree>(to_bytes(tree())) == tree());
  const std::vector<Animal> many{animal(1), animal(2), animal(3)};
  CHECK(from_bytes<std::vector<Animal>>(to_bytes(many)) == many);
  CHECK(*from_bytes<std::shared_ptr<Animal>>(to_bytes(std::make_shared<Animal>(animal(4)))) == animal(4));
}

TEST_CASE("garbage for cereal is an error or a value") {
  Philox random(5, 0);
  const auto bytes = to_bytes(animal(5)), tree_bytes = to_bytes(tree());
  for (std::size_t size = 0; size < bytes.size(); ++size)
    REQUIRE(outcome_of<Animal>(std::span(bytes).first(size)).starts_with("bsp message: "));
  for (int trial = 0; trial < 10'000; ++trial) {
    auto damaged = trial % 2 == 0 ? bytes : tree_bytes;
    for (auto count = 1 + random() % 3; count != 0; --count)
      damaged[random() % damaged.size()] = static_cast<std::byte>(random() & 255);
    const std::string text = trial % 2 == 0 ? outcome_of<Animal>(damaged) : outcome_of<Tree>(damaged);
    REQUIRE((text == "a value" || text.starts_with("bsp message: ")));
  }
  std::vector<std::byte> deep;  // a tree that never ends: no label, one child, no label, one child, ...
  for (int level = 0; level < 100'000; ++level) {
    bsp::detail::put_count(0, deep);
    bsp::detail::put_count(1, deep);
  }
  CHECK(outcome_of<Tree>(deep).find("nested too deeply") != std::string::npos);
}

TEST_CASE("mailboxes carry types of cereal's between processes") {
  auto body = [](bsp::Peer& peer) -> bsp::Task<int> {
    auto box = peer.mailbox<Animal>();
    box.send(peer.right(), animal(peer.rank()));
    box.send(peer.right(), animal(100));
    co_await peer.sync();
    const auto got = box.received(peer.left());
    co_return got.size() != 2 || got[0] != animal(peer.left()) || got[1] != animal(100);
  };
  for (const int processes : {1, 2})
    for (const int wrong : bsp_test::run_over(processes, 4, body)) CHECK(wrong == 0);
}

TEST_CASE("a type that nobody can serialize stays within its process") {
  auto body = [](bsp::Peer& peer) -> bsp::Task<int> {
    auto box = peer.mailbox<zoo::Unknown>();
    box.send(peer.right(), {"a text"});
    co_await peer.sync();
    co_return box.received(peer.left())[0].text != "a text";
  };
  for (const int wrong : bsp_test::run_over(1, 2, body)) CHECK(wrong == 0);
  try {
    bsp_test::run_over(2, 2, body);
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.code() == Errc::unsupported);
    CHECK(std::string(error.what()).find("zoo::Unknown cannot travel between processes") != std::string::npos);
  }
}
