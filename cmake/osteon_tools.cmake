# Targets for people: format and tidy every source file of the tree.
file(GLOB_RECURSE sources CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}
    base/*.[ch] store/*.[ch] kernels/*.[ch] stages/*.[ch] engine/*.[ch]
    cli/*.[ch] tests/*.[ch])
set(c_sources ${sources})
list(FILTER c_sources INCLUDE REGEX "^[^/]+/.*\\.c$")
list(FILTER c_sources EXCLUDE REGEX "^tests/")

find_program(CLANG_FORMAT NAMES clang-format-14 clang-format)
if(CLANG_FORMAT)
    add_custom_target(format
        COMMAND ${CLANG_FORMAT} -i ${sources}
        WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} VERBATIM)
endif()
find_program(CLANG_TIDY NAMES clang-tidy-14 clang-tidy)
if(CLANG_TIDY)
    add_custom_target(tidy
        COMMAND ${CLANG_TIDY} -p ${PROJECT_BINARY_DIR} --quiet ${c_sources}
        WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} VERBATIM)
endif()
