#include <algorithm>
#include <cstring>
#include <map>

#include "core/fail.hpp"
#include "data/stores.hpp"

namespace scalar::inline v0::data {
namespace {

using Bytes = std::vector<std::byte>;

struct Object {
  std::shared_ptr<const Bytes> bytes;
  std::chrono::system_clock::time_point modified{};
};

/// Objects by authority and path. An open Input keeps its object when that is replaced or removed.
struct Objects {
  std::mutex mutex;
  std::map<std::string, Object, std::less<>> by_key;
};

std::string key_of(const Uri& uri) {
  if (uri.path().empty() || uri.path().ends_with('/'))
    fail(Errc::invalid_argument, uri.string(), "a path that is empty or ends with '/' names no object");
  return uri.authority() + "\n" + uri.path();
}

class MemoryInput final : public Input {
 public:
  explicit MemoryInput(std::shared_ptr<const Bytes> bytes) : bytes_(std::move(bytes)) {}
  std::size_t read(std::span<std::byte> out) override {
    const std::size_t got = read_at(position_, out);
    position_ += got;
    return got;
  }
  std::size_t read_at(std::uint64_t offset, std::span<std::byte> out) const override {
    if (offset >= bytes_->size()) return 0;
    const std::size_t count = (std::min)(out.size(), bytes_->size() - static_cast<std::size_t>(offset));
    if (count != 0) std::memcpy(out.data(), bytes_->data() + offset, count);
    return count;
  }
  std::uint64_t size_bytes() const override { return bytes_->size(); }

 private:
  std::shared_ptr<const Bytes> bytes_;
  std::uint64_t position_ = 0;
};

class MemoryOutput final : public Output {
 public:
  MemoryOutput(std::shared_ptr<Objects> objects, std::string key)
      : objects_(std::move(objects)), key_(std::move(key)) {}
  void write(std::span<const std::byte> bytes) override { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
  void commit() override {
    Object object{std::make_shared<const Bytes>(std::move(bytes_)), std::chrono::system_clock::now()};
    const std::lock_guard lock(objects_->mutex);
    objects_->by_key.insert_or_assign(key_, std::move(object));
  }

 private:
  std::shared_ptr<Objects> objects_;
  std::string key_;
  Bytes bytes_;
};

class MemoryStore {
 public:
  std::unique_ptr<Input> open(const Uri& uri) { return std::make_unique<MemoryInput>(get(uri).bytes); }
  std::unique_ptr<Output> create(const Uri& uri) { return std::make_unique<MemoryOutput>(objects_, key_of(uri)); }
  ObjectInfo stat(const Uri& uri) {
    const Object object = get(uri);
    return {uri, object.bytes->size(), object.modified};
  }
  std::vector<ObjectInfo> list(const Uri& uri) {
    std::string prefix = uri.authority() + "\n" + uri.path();
    if (!prefix.ends_with('/') && !prefix.ends_with('\n')) prefix += '/';
    std::vector<ObjectInfo> found;
    const std::lock_guard lock(objects_->mutex);
    for (auto at = objects_->by_key.lower_bound(prefix); at != objects_->by_key.end() && at->first.starts_with(prefix);
         ++at) {
      const std::string path = at->first.substr(uri.authority().size() + 1);
      found.push_back({uri.with_path(path), at->second.bytes->size(), at->second.modified});
    }
    return found;
  }
  void remove(const Uri& uri) {
    const std::lock_guard lock(objects_->mutex);
    if (objects_->by_key.erase(key_of(uri)) == 0) missing(uri);
  }

 private:
  [[noreturn]] static void missing(const Uri& uri) { fail(Errc::not_found, uri.string(), "does not exist"); }
  Object get(const Uri& uri) {
    const std::string key = key_of(uri);
    const std::lock_guard lock(objects_->mutex);
    const auto found = objects_->by_key.find(key);
    if (found == objects_->by_key.end()) missing(uri);
    return found->second;
  }
  std::shared_ptr<Objects> objects_ = std::make_shared<Objects>();
};

}  // namespace

AnyStore memory_store() { return AnyStore(std::make_shared<MemoryStore>()); }

}  // namespace scalar::inline v0::data
