# OSTEON_HAVE_CUDA: true when the GPU backend is wanted, has sources, and a
# CUDA compiler was found.  It is never required.
set(OSTEON_HAVE_CUDA OFF)
if(NOT OSTEON_CUDA STREQUAL "OFF")
    file(GLOB cuda_sources CONFIGURE_DEPENDS
        ${PROJECT_SOURCE_DIR}/kernels/cuda/*.cu)
    find_program(OSTEON_NVCC nvcc PATHS /usr/local/cuda/bin)
    mark_as_advanced(OSTEON_NVCC)
    if(NOT OSTEON_NVCC)
        message(STATUS "CUDA: no nvcc, CPU backend only")
    elseif(NOT cuda_sources)
        message(STATUS "CUDA: ${OSTEON_NVCC} found, not used: "
            "this version has the CPU backend only")
    else()
        message(STATUS "CUDA: ${OSTEON_NVCC}")
        set(CMAKE_CUDA_COMPILER ${OSTEON_NVCC})
        set(CMAKE_CUDA_STANDARD 17)
        if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
            set(CMAKE_CUDA_ARCHITECTURES 75-virtual 80 90)
        endif()
        enable_language(CUDA)
        set(OSTEON_HAVE_CUDA ON)
    endif()
endif()
