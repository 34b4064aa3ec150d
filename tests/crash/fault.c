/* Makes system calls on some files fail, and moves the clock, for LD_PRELOAD. FAULT_CONTROL names the
   file that says which and by how much: 32-bit integers (kind, skip, left, hits, clock), shared by all
   processes that have it mapped. FAULT_FILES is a part of the path of the files that are meant. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { SYNC = 1, WRITE = 2 };

struct control {
    int32_t kind; /* which calls fail: 0 for none */
    int32_t skip; /* so many go well first */
    int32_t left; /* so many fail then */
    int32_t hits; /* so many have failed */
    int32_t clock; /* by so many milliseconds the time of day is wrong */
};

static struct control *control;

__attribute__((constructor)) static void map_control(void) {
    const char *path = getenv("FAULT_CONTROL");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *mapped = mmap(0, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (mapped != MAP_FAILED)
        control = mapped;
}

static int is_meant(int fd) {
    const char *part = getenv("FAULT_FILES");
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (!part || length < 0)
        return 0;
    path[length] = 0;
    return strstr(path, part) != 0;
}

static int fails(int kind, int fd) {
    int saved = errno;
    if (!control || __atomic_load_n(&control->kind, __ATOMIC_SEQ_CST) != kind || !is_meant(fd)) {
        errno = saved;
        return 0;
    }
    errno = saved;
    if (__atomic_fetch_sub(&control->skip, 1, __ATOMIC_SEQ_CST) > 0)
        return 0;
    if (__atomic_fetch_sub(&control->left, 1, __ATOMIC_SEQ_CST) <= 0)
        return 0;
    __atomic_fetch_add(&control->hits, 1, __ATOMIC_SEQ_CST);
    errno = kind == SYNC ? EIO : ENOSPC;
    return 1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int fsync(int fd) { return fails(SYNC, fd) ? -1 : REAL(fsync)(fd); }
int fdatasync(int fd) { return fails(SYNC, fd) ? -1 : REAL(fdatasync)(fd); }

ssize_t write(int fd, const void *data, size_t size) {
    return fails(WRITE, fd) ? -1 : REAL(write)(fd, data, size);
}
ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
    return fails(WRITE, fd) ? -1 : REAL(pwrite)(fd, data, size, at);
}
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
    return fails(WRITE, fd) ? -1 : REAL(pwrite64)(fd, data, size, at);
}
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) {
    return fails(WRITE, fd) ? -1 : REAL(pwritev)(fd, parts, count, at);
}

int clock_gettime(clockid_t which, struct timespec *time) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real)
        real = REAL(clock_gettime);
    int failed = real(which, time);
    if (failed || which != CLOCK_REALTIME || !control)
        return failed;
    int64_t by = __atomic_load_n(&control->clock, __ATOMIC_SEQ_CST) * INT64_C(1000000);
    int64_t nanoseconds = time->tv_nsec + by;
    int64_t seconds = nanoseconds / 1000000000;
    nanoseconds %= 1000000000;
    if (nanoseconds < 0) {
        nanoseconds += 1000000000;
        seconds -= 1;
    }
    time->tv_sec += seconds;
    time->tv_nsec = nanoseconds;
    return 0;
}
