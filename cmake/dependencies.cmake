# Finds what tren stands on and collects it in one target, tren::dependencies. Every package is looked for in
# CMAKE_PREFIX_PATH first, so another MPI, BLAS or HDF5 needs nothing but that variable. The installed CMake
# package includes this same file when the library is static.
if(TARGET tren::dependencies)
  return()
endif()

find_package(Threads REQUIRED)
find_package(MPI REQUIRED COMPONENTS C)
find_package(HDF5 REQUIRED COMPONENTS C)
find_package(ZLIB REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(YAML REQUIRED IMPORTED_TARGET yaml-0.1)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)

# OpenBLAS and no other BLAS: the kernels ask it for its core type and pin its threads. -DOPENBLAS_LIBRARY=FILE names one.
add_library(tren::blas INTERFACE IMPORTED)
if(NOT OPENBLAS_LIBRARY)
  pkg_check_modules(OPENBLAS IMPORTED_TARGET openblas)
endif()
if(OPENBLAS_FOUND)
  target_link_libraries(tren::blas INTERFACE PkgConfig::OPENBLAS)
else()
  find_library(OPENBLAS_LIBRARY NAMES openblas openblasp)
  get_filename_component(openblas_folder "${OPENBLAS_LIBRARY}" DIRECTORY)
  find_path(OPENBLAS_INCLUDE_DIR openblas_config.h HINTS ${openblas_folder}/../include PATH_SUFFIXES openblas)
  if(NOT OPENBLAS_INCLUDE_DIR OR NOT OPENBLAS_LIBRARY)
    message(FATAL_ERROR "OpenBLAS not found: install libopenblas-dev (Debian), openblas-devel (Fedora) or openblas "
                        "(Spack), name its prefix in CMAKE_PREFIX_PATH, or give -DOPENBLAS_LIBRARY=FILE and "
                        "-DOPENBLAS_INCLUDE_DIR=FOLDER")
  endif()
  target_include_directories(tren::blas INTERFACE ${OPENBLAS_INCLUDE_DIR})
  target_link_libraries(tren::blas INTERFACE ${OPENBLAS_LIBRARY})
  if(OPENBLAS_LIBRARY MATCHES "[.]a$") # its LAPACK is Fortran
    target_link_libraries(tren::blas INTERFACE gfortran Threads::Threads m)
  endif()
endif()

add_library(tren::hdf5 INTERFACE IMPORTED)
target_include_directories(tren::hdf5 INTERFACE ${HDF5_C_INCLUDE_DIRS})
target_link_libraries(tren::hdf5 INTERFACE ${HDF5_C_LIBRARIES})

add_library(tren::dependencies INTERFACE IMPORTED)
target_link_libraries(tren::dependencies INTERFACE MPI::MPI_C tren::blas tren::hdf5 PkgConfig::YAML
                      PkgConfig::XXHASH ZLIB::ZLIB Threads::Threads m)
