# cmake --install: program, library, headers, man page, pkg-config files, CMake package (tren::tren, tren::tren64).
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/tren)

install(TARGETS tren_lib tren64_lib EXPORT tren-targets)
install(DIRECTORY include/tren DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

install(EXPORT tren-targets NAMESPACE tren:: DESTINATION ${package_dir})
configure_package_config_file(cmake/tren-config.cmake.in ${PROJECT_BINARY_DIR}/tren-config.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/tren-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/tren-config.cmake ${PROJECT_BINARY_DIR}/tren-config-version.cmake
              cmake/dependencies.cmake
        DESTINATION ${package_dir})

# Full paths of the libraries that have no pkg-config file everywhere; for --static only.
set(PC_LIBS_PRIVATE "")
foreach(library ${HDF5_C_LIBRARIES} ${MPI_C_LIBRARIES} ${OPENBLAS_LIBRARY})
  string(APPEND PC_LIBS_PRIVATE "${library} ")
endforeach()
set(PC_REQUIRES_PRIVATE "yaml-0.1 libxxhash zlib")
if(OPENBLAS_FOUND)
  string(APPEND PC_REQUIRES_PRIVATE " openblas")
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

if(TARGET tren)
  install(TARGETS tren tren64)
  # The man page is made from the options table, by the program itself.
  add_custom_command(OUTPUT ${PROJECT_BINARY_DIR}/tren.1
    COMMAND ${CMAKE_COMMAND} -DTREN=$<TARGET_FILE:tren> -DOUT=${PROJECT_BINARY_DIR}/tren.1
            -P ${PROJECT_SOURCE_DIR}/cmake/manpage.cmake
    DEPENDS tren cmake/manpage.cmake VERBATIM)
  add_custom_target(manpage ALL DEPENDS ${PROJECT_BINARY_DIR}/tren.1)
  install(FILES ${PROJECT_BINARY_DIR}/tren.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
endif()
