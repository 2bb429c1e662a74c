# One set of compiler rules for every target. ISA flags are nowhere here: they belong to quiver/simd alone.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()
# -O2 everywhere; kernels ask for more by themselves. Line tables only: full debug information triples the build without
# helping a backtrace. Under sanitizers -O1 does: it compiles in two thirds of the time, and nothing there is timed.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
if(QUIVER_SANITIZE)
  set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g1")
endif()
find_program(QUIVER_CCACHE ccache)
if(QUIVER_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${QUIVER_CCACHE})
endif()

add_library(quiver_flags INTERFACE)
target_compile_options(quiver_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  # Plain x86-64 has no fused multiply-add, so there compilers round each product; here they would not, unless told to.
  target_compile_options(quiver_flags INTERFACE -ffp-contract=off)
endif()
if(QUIVER_WERROR)
  # g++ 12 sees overlapping copies inside std::string's operator+ (its bug 105651); that one stays a warning.
  target_compile_options(quiver_flags INTERFACE -Werror $<$<CXX_COMPILER_ID:GNU>:-Wno-error=restrict>)
endif()
if(QUIVER_SANITIZE)
  target_compile_options(quiver_flags INTERFACE -fsanitize=${QUIVER_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(quiver_flags INTERFACE -fsanitize=${QUIVER_SANITIZE})
endif()
