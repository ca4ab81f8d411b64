#pragma once
/// What Scalar requires of the compiler that reads its headers.
#if !defined(__cpp_rtti)
#error "Scalar needs run-time type information: compile without -fno-rtti"
#endif
#if !defined(__cpp_exceptions)
#error "Scalar needs exceptions: compile without -fno-exceptions"
#endif

namespace scalar::inline v0::detail {

// libstdc++'s containers have a different layout under _GLIBCXX_DEBUG, so a program and Scalar must be compiled in the
// same mode. Each object file refers to a symbol named after its mode; the library defines only the symbol of its own
// mode, so the linker reports a mismatch as an undefined symbol.
#if defined(_GLIBCXX_DEBUG)
extern const char compiled_with_GLIBCXX_DEBUG;
[[gnu::used]] inline const char* const refers_with_GLIBCXX_DEBUG = &compiled_with_GLIBCXX_DEBUG;
#else
extern const char compiled_without_GLIBCXX_DEBUG;
[[gnu::used]] inline const char* const refers_without_GLIBCXX_DEBUG = &compiled_without_GLIBCXX_DEBUG;
#endif

}  // namespace scalar::inline v0::detail
