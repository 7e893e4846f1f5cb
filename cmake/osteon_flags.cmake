# osteon_flags: what every C file of the project is compiled with.
#
# No fused multiply-add behind our back: the same source has to give the same
# bytes from gcc and clang, at every optimization level and on every machine.
add_library(osteon_flags INTERFACE)
target_include_directories(osteon_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_definitions(osteon_flags INTERFACE _GNU_SOURCE)
target_compile_options(osteon_flags INTERFACE -ffp-contract=off)

set(warnings -Wall -Wextra -Wpedantic -Wshadow -Wconversion
    -Wno-sign-conversion -Wwrite-strings -Wpointer-arith -Wundef -Wformat=2
    -Wdouble-promotion -Wimplicit-fallthrough -Wswitch-enum -Wvla -fno-common)
set(c_warnings -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition)
target_compile_options(osteon_flags INTERFACE
    "$<$<COMPILE_LANGUAGE:C,CXX>:${warnings}>"
    "$<$<COMPILE_LANGUAGE:C>:${c_warnings}>"
    $<$<AND:$<BOOL:${OSTEON_WERROR}>,$<COMPILE_LANGUAGE:C,CXX>>:-Werror>)

# Clang says of each loop that it could not vectorize as asked, which in builds
# with sanitizers it never can.
if(CMAKE_C_COMPILER_ID STREQUAL "Clang")
    target_compile_options(osteon_flags INTERFACE -Wno-pass-failed)
endif()
if(OSTEON_SANITIZE)
    target_compile_options(osteon_flags INTERFACE
        -fsanitize=${OSTEON_SANITIZE} -fno-sanitize-recover=all
        -fno-omit-frame-pointer)
    target_link_options(osteon_flags INTERFACE -fsanitize=${OSTEON_SANITIZE})
    # With its checks inserted, gcc no longer sees what bounds a value.
    if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
        set(OSTEON_SANITIZED_WARNINGS -Wno-format-truncation
            -Wno-format-overflow -Wno-maybe-uninitialized
            -Wno-stringop-overflow -Wno-stringop-truncation)
        target_compile_options(osteon_flags INTERFACE
            ${OSTEON_SANITIZED_WARNINGS})
    endif()
endif()
if(OSTEON_FUZZ)
    if(NOT CMAKE_C_COMPILER_ID STREQUAL "Clang")
        message(FATAL_ERROR "OSTEON_FUZZ needs clang: use the preset 'fuzz'")
    endif()
    target_compile_options(osteon_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
