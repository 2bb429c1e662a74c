# quiver_module(core DEPENDS simd LINK fmt::fmt PUBLIC_LINK ...): the library quiver::core from quiver/core/**/*.cc and,
# when tests are on, the executable core_test from its *_test.cc files. DEPENDS are modules, checked by the linker;
# tools/check_layers reads the include lines against the same table. Sources are compiled in unity batches, so names in a
# module's unnamed namespaces differ; ALONE keeps each file by itself (flags of its own).
function(quiver_module name)
  cmake_parse_arguments(ARG "ALONE" "" "DEPENDS;LINK;PUBLIC_LINK;TEST_LINK" ${ARGN})
  file(GLOB_RECURSE all CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  set(tests ${all})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  set(sources ${all})
  list(FILTER sources EXCLUDE REGEX "(_test|main)\\.cc$")
  if(NOT sources)
    file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/empty.cc "// quiver/${name} holds headers only\n")
    set(sources ${CMAKE_CURRENT_BINARY_DIR}/empty.cc)
  endif()
  add_library(quiver_${name} STATIC ${sources})
  add_library(quiver::${name} ALIAS quiver_${name})
  set_target_properties(quiver_${name} PROPERTIES EXPORT_NAME ${name})
  if(NOT ARG_ALONE)
    quiver_unity(quiver_${name})
  endif()
  target_include_directories(quiver_${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_compile_features(quiver_${name} PUBLIC cxx_std_20)
  target_link_libraries(quiver_${name} PRIVATE $<BUILD_INTERFACE:quiver_flags>)
  foreach(dependency IN LISTS ARG_DEPENDS)
    target_link_libraries(quiver_${name} PUBLIC quiver_${dependency})
  endforeach()
  target_link_libraries(quiver_${name} PRIVATE ${ARG_LINK} PUBLIC ${ARG_PUBLIC_LINK})
  set_property(GLOBAL APPEND PROPERTY QUIVER_BUILT_MODULES ${name})
  if(QUIVER_TESTS AND tests)
    quiver_test(${name}_test SOURCES ${tests} LINK quiver_${name} ${ARG_LINK} ${ARG_TEST_LINK})
  endif()
endfunction()

# quiver_unity(target): compile the target's files in batches, unless QUIVER_UNITY_BATCH says one by one.
function(quiver_unity target)
  if(QUIVER_UNITY_BATCH GREATER 1)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${QUIVER_UNITY_BATCH})
    # In a batch no file is the main one, so g++ takes an unnamed namespace in a .cc for one in a header.
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
  endif()
endfunction()

# quiver_test(name SOURCES a_test.cc LINK targets): a GoogleTest executable, one ctest entry, run from the source folder.
function(quiver_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LINK;LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  if(QUIVER_SANITIZE)  # checked code is several times slower
    math(EXPR ARG_TIMEOUT "3 * ${ARG_TIMEOUT}")
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE quiver_flags ${ARG_LINK} GTest::gtest GTest::gmock GTest::gtest_main)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}")
endfunction()
