# The MPI of the build, the launcher that belongs to it, and how that is told to start more ranks than there are cores:
# `tren_mpi` (as "Open MPI 4.1.4"), MPIEXEC_EXECUTABLE and `launcher_crowd`. Here and nowhere else: the program records
# all three, `tren launch` prints them for scripts, and the tests have them from CMake.

# mpi.h says what it belongs to; preprocessed only, so that this works where programs of the target do not run.
function(read_mpi_header name_var version_var)
  file(WRITE ${PROJECT_BINARY_DIR}/mpi_of_build.c "#include <mpi.h>
tren OMPI_MAJOR_VERSION OMPI_MINOR_VERSION OMPI_RELEASE_VERSION tren I_MPI_VERSION tren MPICH_VERSION tren\n")
  list(TRANSFORM MPI_C_INCLUDE_DIRS PREPEND -I OUTPUT_VARIABLE include)
  execute_process(COMMAND ${CMAKE_C_COMPILER} -E -P ${MPI_C_COMPILE_OPTIONS} ${include} ${PROJECT_BINARY_DIR}/mpi_of_build.c
                  OUTPUT_VARIABLE text ERROR_VARIABLE errors RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "mpi.h cannot be read: ${errors}")
  endif()
  string(REGEX MATCH "tren ([^\n]*) tren\n*$" text "${text}")
  string(REPLACE "\"" "" text "${CMAKE_MATCH_1}")
  set(name "another MPI")
  set(version "")
  if(text MATCHES "^([0-9]+) ([0-9]+) ([0-9]+)")
    set(name "Open MPI")
    set(version ${CMAKE_MATCH_1}.${CMAKE_MATCH_2}.${CMAKE_MATCH_3})
  elseif(text MATCHES "tren ([0-9][^ ]*) tren")
    set(name "Intel MPI")
    set(version ${CMAKE_MATCH_1})
  elseif(text MATCHES "tren ([0-9][^ ]*)$")
    set(name "MPICH")
    set(version ${CMAKE_MATCH_1})
  endif()
  set(${name_var} ${name} PARENT_SCOPE)
  set(${version_var} "${version}" PARENT_SCOPE)
endfunction()

# The MPI that a launcher says it is of; empty where it says nothing that is known here.
function(read_launcher launcher name_var)
  execute_process(COMMAND ${launcher} --version OUTPUT_VARIABLE text ERROR_VARIABLE text RESULT_VARIABLE ignored)
  set(name "")
  if(text MATCHES "Open MPI|OpenRTE|PRRTE")
    set(name "Open MPI")
  elseif(text MATCHES "Intel.*MPI")
    set(name "Intel MPI")
  elseif(text MATCHES "HYDRA|MPICH")
    set(name "MPICH")
  endif()
  set(${name_var} "${name}" PARENT_SCOPE)
endfunction()

# What was asked for must be what was found: FindMPI goes on to the usual folders in silence.
function(check_mpi_home)
  foreach(library ${MPI_C_LIBRARIES})
    file(REAL_PATH ${library} path)
    file(REAL_PATH ${MPI_HOME} home)
    if(library MATCHES "^${MPI_HOME}/" OR path MATCHES "^${home}/")
      return()
    endif()
  endforeach()
  message(FATAL_ERROR "MPI_HOME is ${MPI_HOME}, but the MPI found is ${MPI_C_LIBRARIES}. Name its compiler and its "
                      "launcher instead: -DMPI_C_COMPILER=PATH/mpicc -DMPIEXEC_EXECUTABLE=PATH/mpiexec; where Debian has "
                      "several MPIs, -DMPI_EXECUTABLE_SUFFIX=.mpich or .openmpi. Begin with an empty build folder")
endfunction()

# PMI, which MPICH and Intel MPI share, is nothing to Open MPI, and the other way round.
function(check_launcher)
  read_launcher(${MPIEXEC_EXECUTABLE} name)
  if(NOT name OR mpi_name STREQUAL "another MPI" OR name STREQUAL mpi_name OR
     NOT "${name} ${mpi_name}" MATCHES "Open MPI")
    return()
  endif()
  message(FATAL_ERROR "The MPI is ${tren_mpi} (${MPI_C_LIBRARIES}), but ${MPIEXEC_EXECUTABLE} is the launcher of ${name}: "
                      "each rank would be a run of its own. Name the launcher of the same MPI: "
                      "-DMPIEXEC_EXECUTABLE=PATH/mpiexec; where Debian has several MPIs, "
                      "-DMPI_EXECUTABLE_SUFFIX=.mpich or .openmpi finds both. Begin with an empty build folder")
endfunction()

if(MPI_HOME)
  check_mpi_home()
endif()
read_mpi_header(mpi_name mpi_version)
set(tren_mpi "${mpi_name} ${mpi_version}")
if(MPIEXEC_EXECUTABLE)
  check_launcher()
else()
  set(MPIEXEC_EXECUTABLE mpirun)
endif()
message(STATUS "MPI: ${tren_mpi}, launcher ${MPIEXEC_EXECUTABLE}")

# Variables, as they are the same for every launcher of an MPI, and do no harm to another. MPICH and Intel MPI start any
# number of ranks by themselves.
set(launcher_crowd "")
set(launcher_quiet "")
if(mpi_name STREQUAL "Open MPI" AND mpi_version VERSION_LESS 5)
  set(launcher_crowd OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none
                     OMPI_MCA_mpi_yield_when_idle=1)
  set(launcher_quiet OMPI_MCA_orte_execute_quiet=1) # Open MPI 5 reads no such variable
elseif(mpi_name STREQUAL "Open MPI")
  set(launcher_crowd PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe PRTE_MCA_hwloc_default_binding_policy=none
                     OMPI_MCA_mpi_yield_when_idle=1)
endif()
list(JOIN launcher_crowd " " crowd)
set_source_files_properties(src/cli/mpirun.c PROPERTIES COMPILE_DEFINITIONS
  "TREN_MPI=\"${tren_mpi}\";TREN_MPIEXEC=\"${MPIEXEC_EXECUTABLE}\";TREN_MPIEXEC_CROWD=\"${crowd}\";TREN_MPIEXEC_QUIET=\"${launcher_quiet}\"")
# MPICH's MPI_STATUSES_IGNORE is a number, which GCC takes for an array without elements.
if(NOT mpi_name STREQUAL "Open MPI" AND CMAKE_C_COMPILER_ID STREQUAL GNU)
  set_source_files_properties(src/comm/wait.c PROPERTIES COMPILE_OPTIONS -Wno-stringop-overflow)
endif()
