#include "base/why.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *remedy(int error) {
    switch (error) {
    case EACCES:
    case EPERM:
        return "check the permissions, or choose another path";
    case EROFS:
        return "choose a path that can be written to";
    case ENOSPC:
    case EDQUOT:
        return "make room on that disk";
    case EFBIG:
        return "raise 'ulimit -f'";
    case EMFILE:
    case ENFILE:
        return "raise 'ulimit -n'";
    case EAGAIN:
        return "raise 'ulimit -u'";
    case ENOMEM:
        return "free memory, or raise 'ulimit -v'";
    case EEXIST:
        return "remove it, or choose another name";
    case EIO:
    case ESTALE:
        return "check the disk or the network file system";
    default:
        return "check the path";
    }
}

const char *tren_why(int error) {
    static _Thread_local char text[256];
    snprintf(text, sizeof text, "%s; %s", strerror(error), remedy(error));
    return text;
}
