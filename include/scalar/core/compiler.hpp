#pragma once
/// What Scalar asks of the compiler that reads its headers, said once.
#if !defined(__cpp_rtti)
#error "Scalar needs run-time type information: compile without -fno-rtti"
#endif
#if !defined(__cpp_exceptions)
#error "Scalar needs exceptions: compile without -fno-exceptions"
#endif

namespace scalar::inline v0::detail {

// The containers of libstdc++ have another layout under _GLIBCXX_DEBUG, so a program and Scalar must agree on it. Each
// object refers to a symbol whose name says the mode; the library defines the one it was compiled in, and the linker
// reports the other as undefined.
#if defined(_GLIBCXX_DEBUG)
extern const char compiled_with_GLIBCXX_DEBUG;
[[gnu::used]] inline const char* const refers_with_GLIBCXX_DEBUG = &compiled_with_GLIBCXX_DEBUG;
#else
extern const char compiled_without_GLIBCXX_DEBUG;
[[gnu::used]] inline const char* const refers_without_GLIBCXX_DEBUG = &compiled_without_GLIBCXX_DEBUG;
#endif

}  // namespace scalar::inline v0::detail
