#include "scalar/core/compiler.hpp"

namespace scalar::inline v0::detail {

#if defined(_GLIBCXX_DEBUG)
const char compiled_with_GLIBCXX_DEBUG = 0;
#else
const char compiled_without_GLIBCXX_DEBUG = 0;
#endif

}  // namespace scalar::inline v0::detail
