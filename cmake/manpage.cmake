# cmake -DTREN=program -DOUT=tren.1 -DWHAT=man -P manpage.cmake: what `tren man` prints, as a file.
separate_arguments(WHAT)
execute_process(COMMAND ${TREN} ${WHAT} OUTPUT_VARIABLE page ERROR_VARIABLE errors RESULT_VARIABLE code)
if(NOT code EQUAL 0)
  message(FATAL_ERROR "${TREN} ${WHAT} failed (${code}): ${errors}")
endif()
file(WRITE ${OUT} "${page}")
