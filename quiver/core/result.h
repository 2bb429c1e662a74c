// Result<T>: a value, or an Error that says what was being done, what was wrong with which value, and what to do next.
//
//   Result<Matrix> read(const fs::path& path) {
//     QUIVER_TRY(auto file, MappedFile::open(path));                 // hands an Error on to the caller
//     if (file.size() < 4) return Error::corruption("file ends before its header").within("reading base.fvecs");
//     ...
//   }
//
// The world's or the user's fault is a Result; the programmer's fault is QUIVER_CHECK (check.h). Names follow
// std::expected (has_value, *, error, and_then, transform) so that a later compiler can make this an alias. Both types
// are [[nodiscard]]: an ignored failure does not compile. Success of Result<void> costs one null pointer.
// Thread-safety: a value; share it like one.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "quiver/core/check.h"

namespace quiver {

// One code per row of the table in ARCHITECTURE.md, which gives the CLI exit status, HTTP status and Python exception.
enum class Code : std::uint8_t {
  InvalidArgument,
  Unsupported,
  NotFound,
  AlreadyExists,
  FailedPrecondition,
  Cancelled,
  ResourceExhausted,
  Unavailable,
  Corruption,
  Io,
  Internal,
};
std::string_view name_of(Code code) noexcept;  // "invalid argument"
int exit_status(Code code) noexcept;           // 2, 2, 3, 4, 5, 130, 6, 7, 8, 9, 70

class [[nodiscard]] Error {
 public:
  Error(Code code, std::string message) : state_(std::make_unique<State>(State{code, std::move(message)})) {}
  Error(const Error& other) : state_(std::make_unique<State>(*other.state_)) {}
  Error& operator=(const Error& other) { return *this = Error(other); }
  Error(Error&&) noexcept = default;
  Error& operator=(Error&&) noexcept = default;

  static Error invalid_argument(std::string message) { return {Code::InvalidArgument, std::move(message)}; }
  static Error unsupported(std::string message) { return {Code::Unsupported, std::move(message)}; }
  static Error not_found(std::string message) { return {Code::NotFound, std::move(message)}; }
  static Error already_exists(std::string message) { return {Code::AlreadyExists, std::move(message)}; }
  static Error failed_precondition(std::string message) { return {Code::FailedPrecondition, std::move(message)}; }
  static Error cancelled(std::string message) { return {Code::Cancelled, std::move(message)}; }
  static Error resource_exhausted(std::string message) { return {Code::ResourceExhausted, std::move(message)}; }
  static Error unavailable(std::string message) { return {Code::Unavailable, std::move(message)}; }
  static Error corruption(std::string message) { return {Code::Corruption, std::move(message)}; }
  static Error io(std::string message) { return {Code::Io, std::move(message)}; }
  static Error internal(std::string message) { return {Code::Internal, std::move(message)}; }

  Code code() const noexcept { return state_->code; }
  // "reading base.fvecs: row 7 has 96 values, the first row has 128"; outer steps come first.
  const std::string& message() const noexcept { return state_->message; }

  // Adds the outer step that was under way: error.within("reading base.fvecs").
  Error within(std::string_view step) && {
    state_->message = std::string(step) + ": " + state_->message;
    return std::move(*this);
  }

 private:
  struct State {
    Code code;
    std::string message;
  };
  std::unique_ptr<State> state_;  // never null but after a move
};

template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)
  // Whatever T is built from, such as a unique_ptr of a derived class.
  template <class U>
  requires(std::is_convertible_v<U&&, T> && !std::is_same_v<std::remove_cvref_t<U>, T> &&
           !std::is_same_v<std::remove_cvref_t<U>, Result> && !std::is_same_v<std::remove_cvref_t<U>, Error>)
      Result(U&& value)  // NOLINT(google-explicit-constructor)
      : state_(std::in_place_index<0>, std::forward<U>(value)) {}

  bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  // Requires: has_value().
  T& operator*() & noexcept { return value(); }
  const T& operator*() const& noexcept { return value(); }
  T&& operator*() && noexcept { return std::move(value()); }
  T* operator->() noexcept { return &value(); }
  const T* operator->() const noexcept { return &value(); }
  T value_or(T other) && { return has_value() ? std::move(value()) : std::move(other); }

  // Requires: !has_value().
  Error& error() & noexcept { return failure(); }
  const Error& error() const& noexcept { return const_cast<Result*>(this)->failure(); }
  Error&& error() && noexcept { return std::move(failure()); }

  Result within(std::string_view step) && {
    if (!has_value()) return std::move(failure()).within(step);
    return std::move(*this);
  }
  template <class F>
  auto and_then(F&& f) && -> std::invoke_result_t<F, T&&> {
    if (!has_value()) return std::move(failure());
    return std::forward<F>(f)(std::move(value()));
  }
  template <class F>
  auto transform(F&& f) && -> Result<std::invoke_result_t<F, T&&>> {
    if (!has_value()) return std::move(failure());
    return std::forward<F>(f)(std::move(value()));
  }

 private:
  T& value() noexcept {
    QUIVER_CHECK(has_value());
    return *std::get_if<0>(&state_);
  }
  const T& value() const noexcept { return const_cast<Result*>(this)->value(); }
  Error& failure() noexcept {
    QUIVER_CHECK(!has_value());
    return *std::get_if<1>(&state_);
  }
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;
  Result() = default;
  Result(Error error) : error_(std::make_unique<Error>(std::move(error))) {}  // NOLINT(google-explicit-constructor)

  bool has_value() const noexcept { return error_ == nullptr; }
  explicit operator bool() const noexcept { return has_value(); }
  void operator*() const noexcept { QUIVER_CHECK(has_value()); }
  // Requires: !has_value().
  Error& error() & noexcept { return failure(); }
  const Error& error() const& noexcept { return failure(); }
  Error&& error() && noexcept { return std::move(failure()); }
  Result within(std::string_view step) && {
    if (!has_value()) return std::move(failure()).within(step);
    return {};
  }
  template <class F>
  auto and_then(F&& f) && -> std::invoke_result_t<F> {
    if (!has_value()) return std::move(failure());
    return std::forward<F>(f)();
  }

 private:
  Error& failure() const noexcept {
    QUIVER_CHECK(!has_value());
    return *error_;
  }
  std::unique_ptr<Error> error_;
};

}  // namespace quiver

// QUIVER_TRY(auto x, expression) binds the value or returns the Error; QUIVER_TRY(expression) is for Result<void>.
#define QUIVER_TRY(...) QUIVER_TRY_PICK(__VA_ARGS__, QUIVER_TRY_VALUE, QUIVER_TRY_VOID, )(__VA_ARGS__)
#define QUIVER_TRY_PICK(a, b, macro, ...) macro
#define QUIVER_TRY_JOIN2(a, b) a##b
#define QUIVER_TRY_JOIN(a, b) QUIVER_TRY_JOIN2(a, b)
#define QUIVER_TRY_VALUE(declaration, expression) \
  QUIVER_TRY_BIND(QUIVER_TRY_JOIN(quiver_try_, __COUNTER__), declaration, expression)
#define QUIVER_TRY_BIND(name, declaration, expression)   \
  auto name = (expression);                              \
  if (!name.has_value()) return std::move(name).error(); \
  declaration = *std::move(name)
#define QUIVER_TRY_VOID(expression) QUIVER_TRY_RETURN(QUIVER_TRY_JOIN(quiver_try_, __COUNTER__), expression)
#define QUIVER_TRY_RETURN(name, expression) \
  if (auto name = (expression); !name.has_value()) return std::move(name).error()
