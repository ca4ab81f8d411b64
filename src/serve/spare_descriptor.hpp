#pragma once
/// A file descriptor that is kept in reserve for when no other is left.
#include <fcntl.h>
#include <unistd.h>

namespace scalar::inline v0::serve {

/// When it is given up, one connection can be accepted and told why it is refused. Not copyable.
class SpareDescriptor {
 public:
  SpareDescriptor() noexcept { take(); }
  SpareDescriptor(const SpareDescriptor&) = delete;
  SpareDescriptor& operator=(const SpareDescriptor&) = delete;
  ~SpareDescriptor() { give(); }

  void take() noexcept {
    if (descriptor_ < 0) descriptor_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  }
  void give() noexcept {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = -1;
  }

 private:
  int descriptor_ = -1;
};

}  // namespace scalar::inline v0::serve
