/* The operating system's reason with what to do about it, for the end of a message. */
#ifndef TREN_BASE_WHY_H
#define TREN_BASE_WHY_H

/* "No space left on device; make room on that disk". One text per thread, valid until the next
 * call. */
const char *tren_why(int error);

#endif
