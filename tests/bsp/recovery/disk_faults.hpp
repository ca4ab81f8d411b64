#pragma once
/// What goes wrong in this process when a file is made safe. The calls are interposed: the library has no hooks.
#include <string>

namespace test {

struct DiskFault {
  enum class Kind { none, dies_before, dies_after, is_full };
  Kind kind = Kind::none;
  bool at_rename = true;  ///< else at fsync
  int call = 0;           ///< which call of that, counted from 1
  int files = 0;          ///< it dies only once so many files of the same checkpoint are in place
};

void set_disk_fault(const DiskFault& fault);

}  // namespace test
