# tren_flags: how every object of the project is compiled. Not installed, not inherited by users of the library.
add_library(tren_flags INTERFACE)
target_compile_definitions(tren_flags INTERFACE _GNU_SOURCE)
target_compile_options(tren_flags INTERFACE -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion)
# Messages are cut at the end of their buffer, and are meant to be.
target_compile_options(tren_flags INTERFACE $<$<C_COMPILER_ID:GNU>:-Wno-format-truncation>)
# That a loop may become vectors is a hint.
target_compile_options(tren_flags INTERFACE $<$<C_COMPILER_ID:Clang>:-Wno-pass-failed>)
# No -ffast-math and no contraction: the bits of a kernel may depend on its source alone, never on the vector
# width or on what the compiler fuses.
target_compile_options(tren_flags INTERFACE -ffp-contract=off -fno-math-errno -fno-trapping-math)
# HDF5 and MPI name more libraries than they need: only those in use are loaded at start.
target_link_options(tren_flags INTERFACE LINKER:--as-needed)

if(TREN_WERROR)
  target_compile_options(tren_flags INTERFACE -Werror)
endif()
if(TREN_SANITIZE)
  target_compile_options(tren_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all
                         -fno-omit-frame-pointer)
  target_link_options(tren_flags INTERFACE -fsanitize=address,undefined)
endif()
