# cmake -DTREN=program -DOUT=tren.1 -P manpage.cmake: the man page as `tren man` prints it.
execute_process(COMMAND ${TREN} man OUTPUT_VARIABLE page ERROR_VARIABLE errors RESULT_VARIABLE code)
if(NOT code EQUAL 0)
  message(WARNING "${TREN} man failed (${code}): ${errors}")
  set(page ".TH tren 1\n")
endif()
file(WRITE ${OUT} "${page}")
