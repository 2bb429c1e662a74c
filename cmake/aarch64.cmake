# 64-bit Arm Linux from an x86-64 machine: Debian's cross compiler, and QEMU to run what it built, which ctest does by
# itself. QEMU_CPU in the environment names the processor that is emulated. What links other libraries finds them in
# QUIVER_SYSROOT, which tools/sysroot fills; the kernels link none.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64-static;-L;/usr/aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH /usr/aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
foreach(kind IN ITEMS LIBRARY INCLUDE PACKAGE)
  set(CMAKE_FIND_ROOT_PATH_MODE_${kind} ONLY)
endforeach()
if(QUIVER_SYSROOT)
  set(libraries /usr/lib/aarch64-linux-gnu)
  set(blas ${libraries}/openblas-pthread)  # where Debian's alternatives would point
  list(PREPEND CMAKE_FIND_ROOT_PATH ${QUIVER_SYSROOT})
  set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
  set(ENV{PKG_CONFIG_SYSROOT_DIR} ${QUIVER_SYSROOT})
  set(ENV{PKG_CONFIG_LIBDIR} ${QUIVER_SYSROOT}${libraries}/pkgconfig:${QUIVER_SYSROOT}${blas}/pkgconfig)
  string(APPEND CMAKE_EXE_LINKER_FLAGS_INIT
    " -Wl,-rpath-link,${QUIVER_SYSROOT}${libraries}:${QUIVER_SYSROOT}${blas}:${QUIVER_SYSROOT}/lib/aarch64-linux-gnu")
  set(CMAKE_CROSSCOMPILING_EMULATOR
    qemu-aarch64-static;-L;${QUIVER_SYSROOT};-E;LD_LIBRARY_PATH=${libraries}:${blas}:/lib/aarch64-linux-gnu)
endif()
