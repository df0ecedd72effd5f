# cmake -DTREN=program -DOUT=tren.1 -P manpage.cmake: the manual page as `tren man` prints it.
execute_process(COMMAND ${TREN} man OUTPUT_VARIABLE page ERROR_VARIABLE errors RESULT_VARIABLE code)
if(NOT code EQUAL 0)
  message(FATAL_ERROR "${TREN} man failed (${code}): ${errors}")
endif()
file(WRITE ${OUT} "${page}")
