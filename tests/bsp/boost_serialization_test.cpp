#include "scalar/bsp/messages/boost_serialization.hpp"

#include <boost/serialization/base_object.hpp>
#include <boost/serialization/map.hpp>
#include <boost/serialization/split_free.hpp>
#include <boost/serialization/split_member.hpp>
#include <boost/serialization/string.hpp>
#include <boost/serialization/vector.hpp>
#include <map>
#include <memory>
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

namespace shop {

struct Thing {
  std::string name;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& BOOST_SERIALIZATION_NVP(name);
  }
  friend bool operator==(const Thing&, const Thing&) = default;
};
struct Order : Thing {
  std::vector<Thing> things;
  std::map<std::string, double> prices;
  int counts[3] = {};
  bool paid = false;
  template <class Archive>
  void save(Archive& archive, unsigned version) const {
    archive << boost::serialization::base_object<Thing>(*this) << things << prices << counts << paid << version;
  }
  template <class Archive>
  void load(Archive& archive, unsigned) {
    unsigned version = 0;
    archive >> boost::serialization::base_object<Thing>(*this) >> things >> prices >> counts >> paid >> version;
    if (version != 7) name += " of another version";
  }
  BOOST_SERIALIZATION_SPLIT_MEMBER()
  friend bool operator==(const Order&, const Order&) = default;
};
struct Tree {
  std::string label;
  std::vector<Tree> children;
  friend bool operator==(const Tree&, const Tree&) = default;
};
template <class Archive>
void serialize(Archive& archive, Tree& tree, unsigned) {
  archive& tree.label& tree.children;
}
class Secret {
 public:
  explicit Secret(std::string text = {}) : text_(std::move(text)) {}
  friend bool operator==(const Secret&, const Secret&) = default;

 private:
  friend class boost::serialization::access;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& text_;
  }
  std::string text_;
};
struct Outside {
  std::string text;
  friend bool operator==(const Outside&, const Outside&) = default;
};
struct Unknown {
  std::string text;
};

}  // namespace shop

BOOST_CLASS_VERSION(shop::Order, 7)

namespace boost::serialization {
template <class Archive>
void serialize(Archive& archive, shop::Outside& outside, unsigned) {
  archive& outside.text;
}
}  // namespace boost::serialization

template <>
inline constexpr bool scalar::bsp::is_boost_serializable<shop::Secret> = true;

namespace {

using shop::Order;
using shop::Outside;
using shop::Secret;
using shop::Tree;

static_assert(Serializer<Order>::available && Serializer<Tree>::available && Serializer<Secret>::available);
static_assert(Serializer<Outside>::available && Serializer<std::vector<Order>>::available);
static_assert(!Serializer<shop::Unknown>::available && !Serializer<std::unique_ptr<int>>::available);

Order order(int i) {
  Order all;
  all.name = "order " + std::to_string(i);
  all.things = {{"apple"}, {"a pear that has a long name"}};
  all.prices = {{"apple", 1.5 * i}, {"pear", 2}};
  all.counts[1] = i;
  all.paid = i % 2 == 1;
  return all;
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

TEST_CASE("types with functions for Boost.Serialization come back from their bytes") {
  CHECK(from_bytes<Order>(to_bytes(order(3))) == order(3));
  CHECK(from_bytes<Tree>(to_bytes(tree())) == tree());
  CHECK(from_bytes<Secret>(to_bytes(Secret("hidden"))) == Secret("hidden"));
  CHECK(from_bytes<Outside>(to_bytes(Outside{"free"})) == Outside{"free"});
  const std::vector<Order> many{order(1), order(2)};
  CHECK(from_bytes<std::vector<Order>>(to_bytes(many)) == many);
}

TEST_CASE("garbage for Boost.Serialization is an error or a value") {
  Philox random(5, 0);
  const auto bytes = to_bytes(order(5)), tree_bytes = to_bytes(tree());
  for (std::size_t size = 0; size < bytes.size(); ++size)
    REQUIRE(outcome_of<Order>(std::span(bytes).first(size)).starts_with("bsp message: "));
  for (int trial = 0; trial < 10'000; ++trial) {
    auto damaged = trial % 2 == 0 ? bytes : tree_bytes;
    for (auto count = 1 + random() % 3; count != 0; --count)
      damaged[random() % damaged.size()] = static_cast<std::byte>(random() & 255);
    const std::string text = trial % 2 == 0 ? outcome_of<Order>(damaged) : outcome_of<Tree>(damaged);
    REQUIRE((text == "a value" || text.starts_with("bsp message: ")));
  }
  std::vector<std::byte> deep;
  for (int level = 0; level < 100'000; ++level) {
    bsp::detail::put_count(0, deep);
    bsp::detail::put_count(1, deep);
  }
  CHECK(outcome_of<Tree>(deep).find("nested too deeply") != std::string::npos);
}

TEST_CASE("mailboxes carry types of Boost's between processes") {
  auto body = [](bsp::Peer& peer) -> bsp::Task<int> {
    auto box = peer.mailbox<Order>();
    box.send(peer.right(), order(peer.rank()));
    co_await peer.sync();
    co_return box.received(peer.left()).size() != 1 || box.received(peer.left())[0] != order(peer.left());
  };
  for (const int processes : {1, 2})
    for (const int wrong : bsp_test::run_over(processes, 4, body)) CHECK(wrong == 0);
}
