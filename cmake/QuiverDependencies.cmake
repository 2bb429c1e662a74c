# Every library Quiver links, once, with the reason it is there. tools/bootstrap installs the matching Debian packages.
find_package(Threads REQUIRED)
if(NOT QUIVER_ONLY STREQUAL "simd")               # the kernels link nothing
  find_package(PkgConfig REQUIRED)
  find_package(fmt REQUIRED)                      # text of messages and tables; std::format needs a newer compiler
  find_package(nlohmann_json REQUIRED)            # cards, settings and reports: small documents where clarity beats speed
  pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)   # section checksums and digests at memory speed
  pkg_check_modules(OPENBLAS REQUIRED IMPORTED_TARGET openblas)  # GEMM and LAPACK: matrix products, eigen, SVD, QR
  find_path(QUIVER_LAPACKE_INCLUDE lapacke.h REQUIRED)
  find_library(QUIVER_LAPACKE lapacke REQUIRED)   # the C face of LAPACK
endif()
if(NOT QUIVER_ONLY OR data IN_LIST QUIVER_ONLY)
  find_package(ZLIB REQUIRED)                     # .gz data files
  find_package(CURL REQUIRED)                     # `quiver data fetch`
  find_package(OpenSSL REQUIRED COMPONENTS Crypto)               # sha256 of fetched data
  pkg_check_modules(HDF5 REQUIRED IMPORTED_TARGET hdf5)          # the ann-benchmarks layout
  pkg_check_modules(UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc)  # Unicode folding and word characters
  find_package(LibArchive REQUIRED)               # data sets that come packed: tar in any compression, zip
  find_package(PNG REQUIRED)                      # PNG pictures, read and written
  pkg_check_modules(TURBOJPEG REQUIRED IMPORTED_TARGET libturbojpeg)  # JPEG pictures
  pkg_check_modules(WEBP REQUIRED IMPORTED_TARGET libwebp)       # WebP pictures
  find_path(QUIVER_STEMMER_INCLUDE libstemmer.h REQUIRED)
  find_library(QUIVER_STEMMER stemmer REQUIRED)   # Snowball stemmers, for BM25
  find_package(simdjson REQUIRED)                 # JSONL data files
endif()
if(QUIVER_LEARN)
  find_package(Torch REQUIRED)                    # autograd, layers, optimisers; seen by quiver/learn and recipes only
endif()
if(QUIVER_TESTS)
  if(CMAKE_CROSSCOMPILING)                        # the installed library is for this machine; its source is beside it
    add_subdirectory(/usr/src/googletest googletest EXCLUDE_FROM_ALL SYSTEM)
  else()
    find_package(GTest REQUIRED)                  # unit tests
  endif()
endif()
if(QUIVER_BENCH)
  find_package(benchmark REQUIRED)                # kernel timings
endif()
