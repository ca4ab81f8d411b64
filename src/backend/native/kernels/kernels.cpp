#include "backend/native/kernels/kernels.hpp"

#include <initializer_list>

namespace scalar::inline v0::backend::native {

#ifndef SCALAR_X86_KERNELS
const Kernels* avx2_kernels() noexcept { return nullptr; }
const Kernels* avx512_kernels() noexcept { return nullptr; }
#endif

const Kernels& kernels() noexcept {
  static const Kernels* const best = [] {
    for (const Kernels* found : {avx512_kernels(), avx2_kernels()})
      if (found != nullptr) return found;
    return baseline_kernels();
  }();
  return *best;
}

}  // namespace scalar::inline v0::backend::native
