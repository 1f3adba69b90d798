/* Memory that runs out at the nth allocation of a size that matters.
 *
 * Put before the system's library (LD_PRELOAD) it counts allocations of at least LEAST bytes, and
 * of memory mapped for that, of a process in which `arm` was called and of those forked from it,
 * all on one count.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { LASTING, ONCE };
/* LASTING: the nth allocation fails and all after it. ONCE: it fails alone. */

#define LEAST ((size_t)1 << 16)
/* Smaller ones seldom fail: the system gives memory by larger pieces, and these are counted. */

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

struct state {
    atomic_long calls;
    long nth;
    int mode;
};

static struct state *state;
static int armed;

void fail_at(long nth, int mode) {
    state->nth = nth;
    state->mode = mode;
    atomic_store(&state->calls, 0);
}

void arm(void) { armed = 1; }

long calls(void) { return atomic_load(&state->calls); }

static void *map(size_t size, int protection, int flags, int file, off64_t place, void *wanted) {
    static __typeof__(&mmap64) next;
    if (!next) next = (__typeof__(&mmap64))dlsym(RTLD_NEXT, "mmap64");
    return next(wanted, size, protection, flags, file, place);
}

__attribute__((constructor)) static void begin(void) {
    state = map(sizeof *state, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0, NULL);
    if (state == MAP_FAILED) abort();
}

static int fails(size_t size) {
    if (!armed || size < LEAST) return 0;
    long call = atomic_fetch_add(&state->calls, 1) + 1;
    if (!state->nth || call < state->nth) return 0;
    if (state->mode == ONCE && call > state->nth) return 0;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size) { return fails(size) ? NULL : __libc_malloc(size); }

void *calloc(size_t count, size_t size) {
    size_t total;
    if (__builtin_mul_overflow(count, size, &total) || fails(total)) return NULL;
    return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size) { return fails(size) ? NULL : __libc_realloc(old, size); }

void *memalign(size_t step, size_t size) {
    return fails(size) ? NULL : __libc_memalign(step, size);
}

void *aligned_alloc(size_t step, size_t size) {
    return fails(size) ? NULL : __libc_memalign(step, size);
}

int posix_memalign(void **found, size_t step, size_t size) {
    if (fails(size)) return ENOMEM;
    void *block = __libc_memalign(step, size);
    if (!block) return ENOMEM;
    *found = block;
    return 0;
}

void *mmap64(void *wanted, size_t size, int protection, int flags, int file, off64_t place) {
    if ((flags & MAP_ANONYMOUS) && fails(size)) return MAP_FAILED;
    return map(size, protection, flags, file, place, wanted);
}

void *mmap(void *wanted, size_t size, int protection, int flags, int file, off_t place) {
    return mmap64(wanted, size, protection, flags, file, place);
}
