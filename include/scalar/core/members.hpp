#pragma once
/// The data members of an aggregate: how many there are, and each of them.
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

namespace scalar::inline v0::detail {

struct AnyValue {
  template <class T>
  constexpr operator T() const {  // NOLINT: implicit on purpose
    throw this;                   // never called: only the type counts, but g++ warns if there is no body
  }
};

template <class T, std::size_t... I>
constexpr bool initializes_from(std::index_sequence<I...>) {
  return requires { T{((void)I, AnyValue{})...}; };
}

/// The number of data members of an aggregate without arrays.
template <class T, std::size_t Count = 0>
constexpr std::size_t member_count() {
  if constexpr (initializes_from<T>(std::make_index_sequence<Count + 1>{}))
    return member_count<T, Count + 1>();
  else
    return Count;
}

inline constexpr std::size_t most_members = 16;  ///< that `members_of` takes apart

/// The members of an aggregate of up to 16, as a tuple of rvalue references to move from; a member that is a reference
/// itself stays an lvalue. `std::get<i>` of a named tuple is an lvalue for each.
template <class T>
constexpr auto members_of(T& object) {
  constexpr std::size_t count = member_count<std::remove_const_t<T>>();
  static_assert(0 < count && count <= most_members);
  if constexpr (count == 1) {
    auto& [a] = object;
    return std::forward_as_tuple(static_cast<decltype(a)&&>(a));
  } else if constexpr (count == 2) {
    auto& [a, b] = object;
    return std::forward_as_tuple(static_cast<decltype(a)&&>(a), static_cast<decltype(b)&&>(b));
  } else if constexpr (count == 3) {
    auto& [a, b, c] = object;
    return std::forward_as_tuple(static_cast<decltype(a)&&>(a), static_cast<decltype(b)&&>(b),
                                 static_cast<decltype(c)&&>(c));
  } else if constexpr (count == 4) {
    auto& [a, b, c, d] = object;
    return std::forward_as_tuple(static_cast<decltype(a)&&>(a), static_cast<decltype(b)&&>(b),
                                 static_cast<decltype(c)&&>(c), static_cast<decltype(d)&&>(d));
  } else if constexpr (count == 5) {
    auto& [a, b, c, d, e] = object;
    return std::forward_as_tuple(static_cast<decltype(a)&&>(a), static_cast<decltype(b)&&>(b),
                                 static_cast<decltype(c)&&>(c), static_cast<decltype(d)&&>(d),
                                 static_cast<decltype(e)&&>(e));
  } else if constexpr (count == 6) {
    auto& [a, b, c, d, e, f] = object;
    return std::forward_as_tuple(static_cast<decltype(a)&&>(a), static_cast<decltype(b)&&>(b),
                                 static_cast<decltype(c)&&>(c), static_cast<decltype(d)&&>(d),
                                 static_cast<decltype(e)&&>(e), static_cast<decltype(f)&&>(f));
  } else if constexpr (count == 7) {
    auto& [a, b, c, d, e, f, g] = object;
    return std::forward_as_tuple(static_cast<decltype(a)&&>(a), static_cast<decltype(b)&&>(b),
                                 static_cast<decltype(c)&&>(c), static_cast<decltype(d)&&>(d),
                                 static_cast<decltype(e)&&>(e), static_cast<decltype(f)&&>(f),
                                 static_cast<decltype(g)&&>(g));
  } else if constexpr (count == 8) {
    auto& [a, b, c, d, e, f, g, h] = object;
    return std::forward_as_tuple(static_cast<decltype(a)&&>(a), static_cast<decltype(b)&&>(b),
                                 static_cast<decltype(c)&&>(c), static_cast<decltype(d)&&>(d),
                                 static_cast<decltype(e)&&>(e), static_cast<decltype(f)&&>(f),
                                 static_cast<decltype(g)&&>(g), static_cast<decltype(h)&&>(h));
  } else if constexpr (count == 9) {
    auto& [a, b, c, d, e, f, g, h, i] = object;
    return std::forward_as_tuple(
        static_cast<decltype(a)&&>(a), static_cast<decltype(b)&&>(b), static_cast<decltype(c)&&>(c),
        static_cast<decltype(d)&&>(d), static_cast<decltype(e)&&>(e), static_cast<decltype(f)&&>(f),
        static_cast<decltype(g)&&>(g), static_cast<decltype(h)&&>(h), static_cast<decltype(i)&&>(i));
  } else if constexpr (count == 10) {
    auto& [a, b, c, d, e, f, g, h, i, j] = object;
    return std::forward_as_tuple(static_cast<decltype(a)&&>(a), static_cast<decltype(b)&&>(b),
                                 static_cast<decltype(c)&&>(c), static_cast<decltype(d)&&>(d),
                                 static_cast<decltype(e)&&>(e), static_cast<decltype(f)&&>(f),
                                 static_cast<decltype(g)&&>(g), static_cast<decltype(h)&&>(h),
                                 static_cast<decltype(i)&&>(i), static_cast<decltype(j)&&>(j));
  } else if constexpr (count == 11) {
    auto& [a, b, c, d, e, f, g, h, i, j, k] = object;
    return std::forward_as_tuple(
        static_cast<decltype(a)&&>(a), static_cast<decltype(b)&&>(b), static_cast<decltype(c)&&>(c),
        static_cast<decltype(d)&&>(d), static_cast<decltype(e)&&>(e), static_cast<decltype(f)&&>(f),
        static_cast<decltype(g)&&>(g), static_cast<decltype(h)&&>(h), static_cast<decltype(i)&&>(i),
        static_cast<decltype(j)&&>(j), static_cast<decltype(k)&&>(k));
  } else if constexpr (count == 12) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l] = object;
    return std::forward_as_tuple(
        static_cast<decltype(a)&&>(a), static_cast<decltype(b)&&>(b), static_cast<decltype(c)&&>(c),
        static_cast<decltype(d)&&>(d), static_cast<decltype(e)&&>(e), static_cast<decltype(f)&&>(f),
        static_cast<decltype(g)&&>(g), static_cast<decltype(h)&&>(h), static_cast<decltype(i)&&>(i),
        static_cast<decltype(j)&&>(j), static_cast<decltype(k)&&>(k), static_cast<decltype(l)&&>(l));
  } else if constexpr (count == 13) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l, m] = object;
    return std::forward_as_tuple(
        static_cast<decltype(a)&&>(a), static_cast<decltype(b)&&>(b), static_cast<decltype(c)&&>(c),
        static_cast<decltype(d)&&>(d), static_cast<decltype(e)&&>(e), static_cast<decltype(f)&&>(f),
        static_cast<decltype(g)&&>(g), static_cast<decltype(h)&&>(h), static_cast<decltype(i)&&>(i),
        static_cast<decltype(j)&&>(j), static_cast<decltype(k)&&>(k), static_cast<decltype(l)&&>(l),
        static_cast<decltype(m)&&>(m));
  } else if constexpr (count == 14) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n] = object;
    return std::forward_as_tuple(
        static_cast<decltype(a)&&>(a), static_cast<decltype(b)&&>(b), static_cast<decltype(c)&&>(c),
        static_cast<decltype(d)&&>(d), static_cast<decltype(e)&&>(e), static_cast<decltype(f)&&>(f),
        static_cast<decltype(g)&&>(g), static_cast<decltype(h)&&>(h), static_cast<decltype(i)&&>(i),
        static_cast<decltype(j)&&>(j), static_cast<decltype(k)&&>(k), static_cast<decltype(l)&&>(l),
        static_cast<decltype(m)&&>(m), static_cast<decltype(n)&&>(n));
  } else if constexpr (count == 15) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o] = object;
    return std::forward_as_tuple(
        static_cast<decltype(a)&&>(a), static_cast<decltype(b)&&>(b), static_cast<decltype(c)&&>(c),
        static_cast<decltype(d)&&>(d), static_cast<decltype(e)&&>(e), static_cast<decltype(f)&&>(f),
        static_cast<decltype(g)&&>(g), static_cast<decltype(h)&&>(h), static_cast<decltype(i)&&>(i),
        static_cast<decltype(j)&&>(j), static_cast<decltype(k)&&>(k), static_cast<decltype(l)&&>(l),
        static_cast<decltype(m)&&>(m), static_cast<decltype(n)&&>(n), static_cast<decltype(o)&&>(o));
  } else {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = object;
    return std::forward_as_tuple(
        static_cast<decltype(a)&&>(a), static_cast<decltype(b)&&>(b), static_cast<decltype(c)&&>(c),
        static_cast<decltype(d)&&>(d), static_cast<decltype(e)&&>(e), static_cast<decltype(f)&&>(f),
        static_cast<decltype(g)&&>(g), static_cast<decltype(h)&&>(h), static_cast<decltype(i)&&>(i),
        static_cast<decltype(j)&&>(j), static_cast<decltype(k)&&>(k), static_cast<decltype(l)&&>(l),
        static_cast<decltype(m)&&>(m), static_cast<decltype(n)&&>(n), static_cast<decltype(o)&&>(o),
        static_cast<decltype(p)&&>(p));
  }
}

}  // namespace scalar::inline v0::detail
