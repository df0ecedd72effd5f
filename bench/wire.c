/* Wires with a delay, for bench/network.sh: wire MICROSECONDS HOST-NAMESPACE HOST-LINK
 * SWITCH-NAMESPACE SWITCH-LINK ... A wire is a pair of links (tap devices, made here): what one
 * sends arrives at the other after the delay. The rate is that of the links' queues (tc). Linux
 * only; ends when killed. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

/* Ends of all wires; bytes of a frame, with the header that a tap device adds; frames that wait. */
enum { ENDS = 64, FRAME = 66 << 10, FRAMES = 4096 };

/* What one end has sent and the other has not received yet, in order. */
typedef struct line {
    struct frame {
        long long due; /* ns */
        ssize_t len;
        char *bytes;
    } frame[FRAMES];
    int first, n;
} line;

static int end_of[ENDS];
static line lines[ENDS];

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static int open_end(const char *namespace, const char *name) {
    char path[64];
    snprintf(path, sizeof path, "/run/netns/%s", namespace);
    int net = open(path, O_RDONLY | O_CLOEXEC);
    if (net < 0 || setns(net, CLONE_NEWNET) != 0) fail(path);
    close(net);
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    struct ifreq want = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
    strncpy(want.ifr_name, name, sizeof want.ifr_name - 1);
    /* Segments of 64 KiB pass whole, as between two virtual links. */
    if (fd < 0 || ioctl(fd, TUNSETIFF, &want) != 0 ||
        ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4) != 0)
        fail(name);
    return fd;
}

static long long now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void take(int end, long long delay) {
    line *l = &lines[end];
    while (l->n < FRAMES) {
        struct frame *f = &l->frame[(l->first + l->n) % FRAMES];
        if (!f->bytes && !(f->bytes = malloc(FRAME))) fail("wire");
        f->len = read(end_of[end], f->bytes, FRAME);
        if (f->len <= 0) return;
        f->due = now() + delay;
        l->n++;
    }
}

/* The time when the next frame is due. */
static long long deliver(int end) {
    line *l = &lines[end];
    for (; l->n > 0 && l->frame[l->first].due <= now(); l->n--) {
        struct frame *f = &l->frame[l->first];
        if (write(end_of[end ^ 1], f->bytes, f->len) < 0 && errno == EAGAIN) break;
        l->first = (l->first + 1) % FRAMES;
    }
    return l->n > 0 ? l->frame[l->first].due : -1;
}

int main(int argc, char **argv) {
    int ends = 0;
    if (argc < 6 || argc > 2 + 2 * ENDS) return 2;
    long long delay = atoll(argv[1]) * 1000;
    struct pollfd ready[ENDS];
    for (int i = 2; i + 1 < argc; i += 2, ends++) {
        end_of[ends] = open_end(argv[i], argv[i + 1]);
        ready[ends] = (struct pollfd){.fd = end_of[ends], .events = POLLIN};
    }
    prctl(PR_SET_TIMERSLACK, 1);
    /* Before all other processes: a wire needs no core. */
    sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){.sched_priority = 1});
    puts("ready");
    fclose(stdout);
    for (;;) {
        long long next = -1;
        for (int e = 0; e < ends; e++) {
            take(e, delay);
            long long due = deliver(e);
            if (due >= 0 && (next < 0 || due < next)) next = due;
        }
        long long wait = next < 0 ? 1000000000LL : next - now();
        if (wait <= 0) continue;
        ppoll(ready, ends, &(struct timespec){wait / 1000000000LL, wait % 1000000000LL}, NULL);
    }
}
