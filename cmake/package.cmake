# What goes with the program: documents, examples, SLURM scripts, scripts that make datasets, completion, a module file; the target `uninstall`; and
# `cpack -G DEB`, which makes a Debian package.
install(DIRECTORY docs examples DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES README.md CHANGELOG.md CONTRIBUTING.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY slurm datasets DESTINATION ${CMAKE_INSTALL_DATADIR}/tren USE_SOURCE_PERMISSIONS
        PATTERN *.h5 EXCLUDE PATTERN *.tsv EXCLUDE PATTERN *.txt EXCLUDE)
file(RELATIVE_PATH MODULE_PREFIX /${CMAKE_INSTALL_DATADIR}/modulefiles/tren /)
configure_file(packaging/modulefile.in ${PROJECT_BINARY_DIR}/modulefile @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/modulefile DESTINATION ${CMAKE_INSTALL_DATADIR}/modulefiles/tren
        RENAME ${PROJECT_VERSION})

add_custom_target(uninstall COMMAND ${CMAKE_COMMAND} -DMANIFEST=${PROJECT_BINARY_DIR}/install_manifest.txt
                                    -P ${PROJECT_SOURCE_DIR}/cmake/uninstall.cmake VERBATIM)

set(CPACK_GENERATOR DEB)
set(TREN_MAINTAINER "the tren authors" CACHE STRING "Maintainer of the package, as NAME <ADDRESS>")
set(CPACK_PACKAGE_CONTACT ${TREN_MAINTAINER})
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS gnuplot-nox)
# The launcher is started and not linked, so that nobody else would ask for it.
find_program(DPKG dpkg)
if(DPKG AND EXISTS ${MPIEXEC_EXECUTABLE})
  file(REAL_PATH ${MPIEXEC_EXECUTABLE} launcher)
  execute_process(COMMAND ${DPKG} -S ${launcher} OUTPUT_VARIABLE owner ERROR_QUIET)
  if(owner MATCHES "^([a-z0-9.+-]+)")
    set(CPACK_DEBIAN_PACKAGE_DEPENDS ${CMAKE_MATCH_1})
  endif()
endif()
include(CPack)
