#include "quiver/learn/guard.h"

#include <fmt/format.h>

#include <new>
#include <string>

#include "quiver/learn/tensor.h"

namespace quiver::learn::internal {
namespace {
// torch's allocator reports a lack of memory as a plain c10::Error.
bool speaks_of_memory(std::string_view message) {
  return message.find("not enough memory") != std::string_view::npos ||
         message.find("can't allocate memory") != std::string_view::npos;
}
std::string_view first_line(std::string_view text) { return text.substr(0, text.find('\n')); }

Error out_of_memory(std::string_view doing, std::string_view detail) {
  return Error::resource_exhausted(
      fmt::format("{}: not enough memory ({}); take a smaller batch or fewer dimensions", doing, detail));
}
}  // namespace

Error error_of_current_exception(std::string_view doing) {
  try {
    throw;
  } catch (const c10::Error& error) {
    const std::string message = error.what_without_backtrace();
    if (speaks_of_memory(message)) return out_of_memory(doing, first_line(message));
    return Error::internal(fmt::format("{}: torch refused: {}", doing, first_line(message)));
  } catch (const std::bad_alloc& error) {
    return out_of_memory(doing, error.what());
  } catch (const std::exception& error) {
    return Error::internal(fmt::format("{}: {}", doing, first_line(error.what())));
  } catch (...) {
    return Error::internal(fmt::format("{}: something that is no exception was thrown", doing));
  }
}

}  // namespace quiver::learn::internal
