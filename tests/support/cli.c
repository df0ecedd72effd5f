/* The parts of the program that unit tests call: the program itself is no library. */
#include "cli/args.c"
#include "cli/console.c"
#include "cli/lr_find.c"
