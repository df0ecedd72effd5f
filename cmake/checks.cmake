# Are the libraries found those that were asked for, and can they be in one program? What is wrong here would otherwise
# show as a crash, as wrong numbers, or not at all.

# A library that lies in a prefix of CMAKE_PREFIX_PATH is the one to be taken.
function(check_prefixes name) # library file ...
  string(REPLACE ":" ";" prefixes "$ENV{CMAKE_PREFIX_PATH}")
  foreach(prefix ${CMAKE_PREFIX_PATH} ${prefixes})
    file(GLOB there ${prefix}/lib/lib${name}.* ${prefix}/lib64/lib${name}.* ${prefix}/lib/*-linux-gnu/lib${name}.*)
    if(NOT there)
      continue()
    endif()
    file(REAL_PATH ${prefix} real_prefix)
    foreach(library ${ARGN})
      file(REAL_PATH "${library}" path)
      string(FIND "${library}" "${prefix}/" at)
      string(FIND "${path}" "${real_prefix}/" really_at)
      if(at EQUAL 0 OR really_at EQUAL 0)
        return()
      endif()
    endforeach()
    list(GET there 0 there)
    message(FATAL_ERROR "CMAKE_PREFIX_PATH has ${there}, but ${ARGN} was found. Put the prefix first in PATH and in "
                        "PKG_CONFIG_PATH too (PREFIX/lib/pkgconfig), or give -DHDF5_ROOT=PREFIX, -DMPI_C_COMPILER=FILE, "
                        "-DOPENBLAS_LIBRARY=FILE. Begin with an empty build folder")
  endforeach()
endfunction()

# Which MPI a shared library was built with; empty: none.
function(read_mpi_of library name_var)
  set(name "")
  if(CMAKE_READELF AND library MATCHES "[.]so")
    execute_process(COMMAND ${CMAKE_READELF} -d ${library} OUTPUT_VARIABLE needed ERROR_QUIET)
    if(needed MATCHES "NEEDED[^\n]*libmpi[.]so[.][4-9][0-9]")
      set(name "Open MPI")
    elseif(needed MATCHES "NEEDED[^\n]*(libmpich[.]so|libmpi[.]so[.]12)")
      set(name "MPICH")
    endif()
  endif()
  set(${name_var} "${name}" PARENT_SCOPE)
endfunction()

# Two MPIs have the same names for their functions: in one program some calls would go to the wrong one.
function(check_one_mpi)
  foreach(library ${HDF5_C_LIBRARIES})
    read_mpi_of(${library} other)
    if(other AND mpi_name MATCHES "^(Open MPI|MPICH)$" AND NOT other STREQUAL mpi_name)
      message(FATAL_ERROR "The HDF5 found (${library}) is a parallel one, built with ${other}, but the MPI is ${tren_mpi}. "
                          "tren needs a serial HDF5, or one built with the same MPI: give -DHDF5_ROOT=PREFIX of another, "
                          "or -DHDF5_PREFER_PARALLEL=OFF. Begin with an empty build folder")
    endif()
  endforeach()
endfunction()

# Why a BLAS cannot be linked: what its functions are called.
function(explain_blas library reason_var)
  set(reason "")
  if(EXISTS "${library}")
    execute_process(COMMAND ${CMAKE_NM} -D --defined-only ${library} OUTPUT_VARIABLE names ERROR_QUIET)
    string(REGEX MATCH " ([A-Za-z0-9_]+cblas_sgemm[A-Za-z0-9_]*|cblas_sgemm[A-Za-z0-9_]+)\n" ignored "${names}")
    set(renamed "${CMAKE_MATCH_1}")
    if(names MATCHES " cblas_sgemm\n" AND NOT names MATCHES " openblas_get_corename\n")
      set(reason "It is no OpenBLAS (it has no openblas_get_corename), as BLIS and MKL are not. ")
    elseif(renamed)
      set(reason "Its functions have other names (${renamed} for cblas_sgemm), as in the OpenBLAS of SciPy. ")
    endif()
  endif()
  set(${reason_var} "${reason}" PARENT_SCOPE)
endfunction()

# All that the kernels call has to be there, with integers of 32 bits.
function(check_blas)
  file(WRITE ${PROJECT_BINARY_DIR}/check_blas.c "#include <cblas.h>
    #include <stdio.h>
    void dsyevd_(void);
    void (*const kept)(void) = dsyevd_;
    int main(void) {
        float a = 2, c = 0;
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, 1, 1, 1, 1, &a, 1, &a, 1, 0, &c, 1);
        puts(openblas_get_config());
        puts(openblas_get_corename());
        return !(c == 4 && kept);
    }\n")
  set(library "${OPENBLAS_LIBRARY}")
  if(OPENBLAS_FOUND)
    list(GET OPENBLAS_LINK_LIBRARIES 0 library)
  endif()
  if(CMAKE_CROSSCOMPILING)
    try_compile(links ${PROJECT_BINARY_DIR}/check_blas SOURCES ${PROJECT_BINARY_DIR}/check_blas.c
                LINK_LIBRARIES tren::blas OUTPUT_VARIABLE said)
  else()
    try_run(code links SOURCES ${PROJECT_BINARY_DIR}/check_blas.c LINK_LIBRARIES tren::blas
            COMPILE_OUTPUT_VARIABLE said RUN_OUTPUT_VARIABLE config)
  endif()
  set(remedy "Name another: -DOPENBLAS_LIBRARY=FILE and -DOPENBLAS_INCLUDE_DIR=FOLDER, or its prefix in "
             "CMAKE_PREFIX_PATH. Begin with an empty build folder")
  string(CONCAT remedy ${remedy})
  if(NOT links)
    explain_blas("${library}" reason)
    message(FATAL_ERROR "tren cannot be linked with the OpenBLAS found (${library}). ${reason}${remedy}. The linker says:\n"
                        "${said}")
  endif()
  if("${config}" MATCHES "USE64BITINT")
    message(FATAL_ERROR "The OpenBLAS found (${library}) has integers of 64 bits, and tren passes 32. ${remedy}")
  endif()
  if(NOT CMAKE_CROSSCOMPILING AND NOT code EQUAL 0)
    message(FATAL_ERROR "The OpenBLAS found (${library}) does not work: 2 x 2 is not 4, or its program cannot be started "
                        "(${code}). ${remedy}")
  endif()
  set(TREN_BLAS_CHECKED "${library}" CACHE INTERNAL "the OpenBLAS that passed the check")
endfunction()

check_prefixes(mpi ${MPI_C_LIBRARIES})
check_prefixes(hdf5 ${HDF5_C_LIBRARIES})
check_prefixes(openblas ${OPENBLAS_LINK_LIBRARIES} ${OPENBLAS_LIBRARY})
check_one_mpi()
if(NOT TREN_BLAS_CHECKED)
  check_blas()
endif()
list(GET HDF5_C_LIBRARIES 0 hdf5_library)
message(STATUS "HDF5: ${HDF5_VERSION}, ${hdf5_library}")
message(STATUS "OpenBLAS: ${TREN_BLAS_CHECKED}")
