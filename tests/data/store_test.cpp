// The conformance suite of stores: a new one adds a fixture and its name to the list below.
#include "scalar/data/store.hpp"

#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>

#include "data/stores.hpp"
#include "scalar/core/error.hpp"
#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/temporary_directory.hpp"

using namespace scalar;
using data::Uri;
using test::message_of;

namespace {

struct FileFixture {
  test::TemporaryDirectory folder;
  data::AnyStore store = data::file_store();
  Uri root{"file://" + folder.path()};
};
struct MemoryFixture {
  data::AnyStore store = data::memory_store();
  Uri root{"mem:root"};
};

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

void put(const data::AnyStore& store, const Uri& uri, std::string_view text) {
  const auto output = store.create(uri);
  output->write(bytes_of(text));
  output->commit();
}

std::string get(data::Input& input) {
  std::string whole, piece(7, '\0');
  while (const std::size_t got = input.read(std::as_writable_bytes(std::span(piece)))) whole.append(piece, 0, got);
  return whole;
}

}  // namespace

TEMPLATE_TEST_CASE("a store keeps what was committed", "", FileFixture, MemoryFixture) {
  const TestType fixture{};
  const data::AnyStore& store = fixture.store;
  const Uri uri = fixture.root / "a/deep er/object.bin";
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += static_cast<char>(i * 7 % 251);

  SECTION("written in pieces, read in order and in ranges") {
    const auto output = store.create(uri);
    output->write(bytes_of(std::string_view(text).substr(0, 10)));
    output->write({});
    output->write(bytes_of(std::string_view(text).substr(10)));
    output->commit();
    const auto input = store.open(uri);
    CHECK(input->size_bytes() == text.size());
    CHECK(get(*input) == text);
    std::string part(1000, '\0');
    const auto buffer = std::as_writable_bytes(std::span(part));
    CHECK(input->read_at(5000, buffer) == 1000);
    CHECK(part == text.substr(5000, 1000));
    CHECK(input->read_at(text.size() - 10, buffer) == 10);
    CHECK(part.substr(0, 10) == text.substr(text.size() - 10));
    CHECK(input->read_at(text.size(), buffer) == 0);
    CHECK(input->read_at(~std::uint64_t{0}, buffer) == 0);
    CHECK(store.stat(uri).size_bytes == text.size());
    CHECK(store.stat(uri).uri == uri);
    const auto age = std::chrono::system_clock::now() - store.stat(uri).modified;
    CHECK(std::chrono::abs(age) < std::chrono::minutes(5));
  }

  SECTION("empty objects") {
    store.create(uri)->commit();
    CHECK(get(*store.open(uri)).empty());
    CHECK(store.stat(uri).size_bytes == 0);
  }

  SECTION("nobody sees an object before its commit, or one that was given up") {
    put(store, uri, "old");
    {
      const auto output = store.create(uri);
      output->write(bytes_of(text));
      CHECK(get(*store.open(uri)) == "old");
      const auto other = store.create(fixture.root / "b/new");
      other->write(bytes_of(text));
      CHECK(store.list(fixture.root).size() == 1);
    }
    CHECK(get(*store.open(uri)) == "old");
    CHECK(store.list(fixture.root).size() == 1);
    const auto reader = store.open(uri);
    put(store, uri, "new");
    CHECK(get(*reader) == "old");  // who opened it keeps what was there
    CHECK(get(*store.open(uri)) == "new");
  }

  SECTION("lists what is below, by path") {
    for (const char* name : {"z", "dir/b", "dir/a", "dir/sub/c", "dir2/d", "dir.txt"})
      put(store, fixture.root / name, name);
    std::vector<std::string> names;
    for (const auto& info : store.list(fixture.root / "dir")) {
      names.push_back(info.uri.path().substr(fixture.root.path().size() + 1));
      CHECK(get(*store.open(info.uri)) == names.back());  // the uri it gives can be opened
      CHECK(info.size_bytes == names.back().size());
    }
    CHECK(names == std::vector<std::string>{"dir/a", "dir/b", "dir/sub/c"});
    CHECK(store.list(fixture.root).size() == 6);
    CHECK(store.list(fixture.root / "nowhere").empty());
    CHECK(store.list(fixture.root / "z").empty());  // an object has nothing below it
  }

  SECTION("errors name the uri") {
    const std::string prefix = uri.string() + ": ";
    CHECK(message_of(Errc::not_found, [&] { store.open(uri); }).find(prefix) == 0);
    CHECK(message_of(Errc::not_found, [&] { store.stat(uri); }).find(prefix) == 0);
    CHECK(message_of(Errc::not_found, [&] { store.remove(uri); }).find(prefix) == 0);
    put(store, uri, "x");
    store.remove(uri);
    message_of(Errc::not_found, [&] { store.open(uri); });
    for (const Uri& nothing : {fixture.root.with_path(""), fixture.root / "folder/"}) {
      message_of(Errc::invalid_argument, [&] { store.open(nothing); });
      message_of(Errc::invalid_argument, [&] { store.create(nothing); });
      message_of(Errc::invalid_argument, [&] { store.stat(nothing); });
      message_of(Errc::invalid_argument, [&] { store.remove(nothing); });
    }
  }
}

TEST_CASE("a file that cannot be written leaves nothing behind") {
  const test::TemporaryDirectory folder;
  const data::AnyStore store = data::file_store();
  put(store, folder / "kept", "old");
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const auto ignored = std::signal(SIGXFSZ, SIG_IGN);
  for (const char* name : {"/kept", "/new/folder/object"}) {
    const rlimit small{1000, before.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);  // the disk is full, as it were
    message_of(Errc::io, [&] { put(store, folder.path() + name, std::string(5000, 'x')); });
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  }
  std::signal(SIGXFSZ, ignored);
  CHECK(get(*store.open(folder / "kept")) == "old");
  std::vector<std::string> left;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) left.push_back(entry.path().filename());
  CHECK(left == std::vector<std::string>{"kept"});
}

TEST_CASE("files: folders, leftovers of a crash, links and permissions") {
  const test::TemporaryDirectory folder;
  const data::AnyStore store = data::file_store();
  put(store, folder / "a", "1");
  std::ofstream(folder / ".scalar-writing-0123") << "half";
  std::filesystem::create_directory(folder / "sub");
  std::filesystem::create_directory_symlink(folder.path(), folder / "sub/circle");
  std::filesystem::create_symlink(folder / "a", folder / "link");
  std::vector<std::string> names;
  for (const auto& info : store.list(folder.path())) names.push_back(info.uri.path().substr(folder.path().size()));
  CHECK(names == std::vector<std::string>{"/a", "/link"});
  message_of(Errc::invalid_argument, [&] { store.open(folder / "sub"); });
  message_of(Errc::invalid_argument, [&] { store.create(folder / "sub"); });
  message_of(Errc::invalid_argument, [&] { store.remove(folder / "sub"); });
  message_of(Errc::not_found, [&] { store.create(folder / "a/below-a-file"); });
  message_of(Errc::unsupported, [&] { store.open("file://elsewhere/a"); });
  message_of(Errc::invalid_argument, [&] { store.open(std::string("a\0b", 3)); });
  message_of(Errc::invalid_argument, [&] { store.open(folder / std::string(5000, 'x')); });
  struct stat info {};
  const mode_t mask = ::umask(0);
  ::umask(mask);
  REQUIRE(::stat((folder / "a").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == (0666 & ~mask));
}

TEST_CASE("the registry of a runtime") {
  const Runtime runtime(RuntimeOptions{}), other(RuntimeOptions{});
  data::write_bytes("mem:a", "hello", runtime);
  CHECK(data::read_bytes("mem:a", 100, runtime) == "hello");
  CHECK(data::stat("mem:a", runtime).size_bytes == 5);
  CHECK(data::list("mem:", runtime).size() == 1);
  message_of(Errc::not_found, [&] { data::read_bytes("mem:a", 100, other); });  // each has its own memory
  CHECK(message_of(Errc::too_large, [&] { data::read_bytes("mem:a", 4, runtime); }) ==
        "mem:a: has 5 bytes, expected at most 4");
  CHECK(message_of(Errc::unsupported, [&] { data::open("s3://bucket/key", runtime); }) ==
        "s3://bucket/key: no store for the scheme \"s3\"; there are file:, mem:");
  message_of(Errc::invalid_argument, [&] { data::open(Uri(), runtime); });
  runtime.slot<data::Stores>().add("s3", data::memory_store());
  data::write_bytes("s3://bucket/key", "x", runtime);
  CHECK(data::list("s3://bucket", runtime).at(0).uri.string() == "s3://bucket/key");
  data::remove("s3://bucket/key", runtime);
  CHECK(data::list("s3://bucket", runtime).empty());
  message_of(Errc::empty, [] { data::AnyStore().open("a"); });
}
