/* A disk that fails at the nth call that changes something below a folder.
 *
 * Put before the system's library (LD_PRELOAD) it counts these calls of a process in which `arm`
 * was called and of those forked from it, all on one count. What has FAILING_FOLDER, FAILING_CALL
 * and FAILING_MODE in its environment begins armed, with a count of its own.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { FULL, ONCE, SHORT };
/* FULL: the nth call fails and all after it; a write puts half of its bytes on the disk first, as
 * full disks do. ONCE: it fails alone. SHORT: if it is a write, it writes half, and says so. */

#define MOST_FILES 65536

struct state {
    atomic_long calls, failed;
    long nth;
    int mode;
    size_t length;
    char folder[PATH_MAX];
};

static struct state *state;
static int armed;
static unsigned char written[MOST_FILES];
/* Files to which something was written: some file systems tell only at the close that it failed. */

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

void watch(const char *folder) {
    strncpy(state->folder, folder, PATH_MAX - 1);
    state->length = strlen(state->folder);
}

void fail_at(long nth, int mode) {
    state->nth = nth;
    state->mode = mode;
    atomic_store(&state->calls, 0);
    atomic_store(&state->failed, 0);
}

void arm(void) { armed = 1; }

long calls(void) { return atomic_load(&state->calls); }

__attribute__((constructor)) static void begin(void) {
    state = mmap(NULL, sizeof *state, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (state == MAP_FAILED) abort();
    const char *folder = getenv("FAILING_FOLDER"), *call = getenv("FAILING_CALL");
    const char *mode = getenv("FAILING_MODE");
    if (!folder || !call || !mode) return;
    watch(folder);
    fail_at(atol(call), atoi(mode));
    arm();
}

static int is_below(const char *path) {
    size_t length = state->length;
    return !strncmp(path, state->folder, length) &&
           (path[length] == '/' || path[length] == 0);
}

static int named_below(int folder, const char *path) {
    char full[2 * PATH_MAX], base[PATH_MAX], link[32];
    if (!armed || !path) return 0;
    if (path[0] == '/') return is_below(path);
    if (folder == AT_FDCWD) {
        if (!getcwd(base, sizeof base)) return 0;
    } else {
        snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
        ssize_t size = readlink(link, base, sizeof base - 1);
        if (size < 0) return 0;
        base[size] = 0;
    }
    snprintf(full, sizeof full, "%s/%s", base, path);
    return is_below(full);
}

static int file_below(int file) { return named_below(file, ""); }

/* Whether this call fails. */
static int fails(void) {
    long call = atomic_fetch_add(&state->calls, 1) + 1;
    if (!state->nth || call < state->nth) return 0;
    if (state->mode != FULL && call > state->nth) return 0;
    atomic_fetch_add(&state->failed, 1);
    return 1;
}

static int refused(void) {
    if (!fails() || state->mode == SHORT) return 0;
    errno = ENOSPC;
    return 1;
}

/* How many bytes of a write go to the disk; -1 if it fails. */
static ssize_t room(int file, size_t size) {
    if (!file_below(file)) return (ssize_t)size;
    if (file < MOST_FILES) written[file] = 1;
    if (!fails()) return (ssize_t)size;
    if (size > 1 && state->mode == SHORT) return (ssize_t)(size / 2);
    if (size > 1 && state->mode == FULL && atomic_load(&state->failed) == 1)
        return (ssize_t)(size / 2);
    if (state->mode == SHORT) return (ssize_t)size;
    errno = ENOSPC;
    return -1;
}

ssize_t write(int file, const void *data, size_t size) {
    ssize_t left = room(file, size);
    return left < 0 ? -1 : NEXT(write)(file, data, (size_t)left);
}

ssize_t pwrite(int file, const void *data, size_t size, off_t place) {
    ssize_t left = room(file, size);
    return left < 0 ? -1 : NEXT(pwrite)(file, data, (size_t)left, place);
}

ssize_t pwrite64(int file, const void *data, size_t size, off64_t place) {
    ssize_t left = room(file, size);
    return left < 0 ? -1 : NEXT(pwrite64)(file, data, (size_t)left, place);
}

ssize_t writev(int file, const struct iovec *pieces, int count) {
    if (file_below(file) && refused()) return -1;
    return NEXT(writev)(file, pieces, count);
}

ssize_t sendfile(int out, int in, off_t *place, size_t size) {
    ssize_t left = room(out, size);
    return left < 0 ? -1 : NEXT(sendfile)(out, in, place, (size_t)left);
}

ssize_t copy_file_range(int in, off64_t *from, int out, off64_t *to, size_t size, unsigned flags) {
    ssize_t left = room(out, size);
    return left < 0 ? -1 : NEXT(copy_file_range)(in, from, out, to, (size_t)left, flags);
}

int fsync(int file) { return file_below(file) && refused() ? -1 : NEXT(fsync)(file); }

int fdatasync(int file) { return file_below(file) && refused() ? -1 : NEXT(fdatasync)(file); }

int ftruncate(int file, off_t size) {
    return file_below(file) && refused() ? -1 : NEXT(ftruncate)(file, size);
}

int ftruncate64(int file, off64_t size) {
    return file_below(file) && refused() ? -1 : NEXT(ftruncate64)(file, size);
}

int posix_fallocate(int file, off_t place, off_t size) {
    return file_below(file) && refused() ? ENOSPC : NEXT(posix_fallocate)(file, place, size);
}

int close(int file) {
    int had = file >= 0 && file < MOST_FILES && written[file];
    int fails_now = had && file_below(file) && refused();
    if (had) written[file] = 0;
    int closed = NEXT(close)(file);
    if (!fails_now) return closed;
    errno = ENOSPC;
    return -1;
}

static int made(int folder, const char *path, int flags) {
    return (flags & O_CREAT) && named_below(folder, path) && faccessat(folder, path, F_OK, 0);
}

#define OPENS(name)                                                    \
    int name(const char *path, int flags, ...) {                       \
        va_list more;                                                  \
        va_start(more, flags);                                         \
        mode_t mode = va_arg(more, mode_t);                            \
        va_end(more);                                                  \
        if (made(AT_FDCWD, path, flags) && refused()) return -1;       \
        return NEXT(name)(path, flags, mode);                          \
    }
#define OPENS_AT(name)                                                 \
    int name(int folder, const char *path, int flags, ...) {           \
        va_list more;                                                  \
        va_start(more, flags);                                         \
        mode_t mode = va_arg(more, mode_t);                            \
        va_end(more);                                                  \
        if (made(folder, path, flags) && refused()) return -1;         \
        return NEXT(name)(folder, path, flags, mode);                  \
    }
OPENS(open)
OPENS(open64)
OPENS_AT(openat)
OPENS_AT(openat64)

int mkdir(const char *path, mode_t mode) {
    return named_below(AT_FDCWD, path) && refused() ? -1 : NEXT(mkdir)(path, mode);
}

int mkdirat(int folder, const char *path, mode_t mode) {
    return named_below(folder, path) && refused() ? -1 : NEXT(mkdirat)(folder, path, mode);
}

int rename(const char *from, const char *to) {
    return named_below(AT_FDCWD, to) && refused() ? -1 : NEXT(rename)(from, to);
}

int renameat(int there, const char *from, int here, const char *to) {
    return named_below(here, to) && refused() ? -1 : NEXT(renameat)(there, from, here, to);
}
