# cmake --install: program, library, headers, man page, pkg-config files, CMake package (tren::tren, tren::tren64).
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/tren)

install(TARGETS tren_lib tren64_lib EXPORT tren-targets)
install(DIRECTORY include/tren DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h"
        PATTERN lab.h EXCLUDE PATTERN scale.h EXCLUDE) # the laboratory is the program's
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

install(EXPORT tren-targets NAMESPACE tren:: DESTINATION ${package_dir})
configure_package_config_file(cmake/tren-config.cmake.in ${PROJECT_BINARY_DIR}/tren-config.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/tren-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/tren-config.cmake ${PROJECT_BINARY_DIR}/tren-config-version.cmake
              cmake/dependencies.cmake
        DESTINATION ${package_dir})

# Whoever links the shared library needs nothing else; the static one needs everything it uses. HDF5 and MPI have no
# pkg-config file everywhere: their full paths stand in its place.
set(dependency_modules yaml-0.1 libxxhash zlib)
if(OPENBLAS_FOUND)
  list(APPEND dependency_modules openblas)
endif()
set(dependency_libraries ${HDF5_C_LIBRARIES} ${MPI_C_LIBRARIES} ${OPENBLAS_LIBRARY} -lpthread -lm)
list(JOIN dependency_modules " " PC_REQUIRES)
list(JOIN dependency_libraries " " PC_LIBS)
if(BUILD_SHARED_LIBS)
  set(PC_PRIVATE ".private")
else()
  set(PC_LIBS_PUBLIC " ${PC_LIBS}")
endif()
file(RELATIVE_PATH PC_PREFIX ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
foreach(suffix "" "64")
  set(PC_NAME tren${suffix})
  set(PC_CFLAGS "")
  if(suffix STREQUAL "64")
    set(PC_CFLAGS " -DTREN_DOUBLE")
  endif()
  configure_file(cmake/tren.pc.in ${PROJECT_BINARY_DIR}/tren${suffix}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/tren${suffix}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()

install(TARGETS tren tren64)
# The manual page and the completion of shells are made from the options table, by the program itself.
if(NOT TREN_SANITIZE AND NOT CMAKE_CROSSCOMPILING) # it is the program that prints them
  function(print_by_tren what file destination)
    add_custom_command(OUTPUT ${PROJECT_BINARY_DIR}/${file}
      COMMAND ${CMAKE_COMMAND} -DTREN=$<TARGET_FILE:tren> -DOUT=${PROJECT_BINARY_DIR}/${file} -DWHAT=${what}
              -P ${PROJECT_SOURCE_DIR}/cmake/manpage.cmake
      DEPENDS tren cmake/manpage.cmake VERBATIM)
    list(APPEND printed ${PROJECT_BINARY_DIR}/${file})
    set(printed ${printed} PARENT_SCOPE)
    install(FILES ${PROJECT_BINARY_DIR}/${file} DESTINATION ${destination} ${ARGN})
  endfunction()
  print_by_tren(man tren.1 ${CMAKE_INSTALL_MANDIR}/man1)
  print_by_tren("completion bash" completion.bash ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME tren)
  print_by_tren("completion zsh" _tren ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
  add_custom_target(manpage ALL DEPENDS ${printed})
  # All that is installed.
  add_custom_target(product DEPENDS tren tren64 tren_lib tren64_lib manpage)
endif()
