/*
 * Counts and checks what OpenSSL allocates. LD_PRELOAD loads it before anything has called OpenSSL, which then allocates by these functions only
 * (CRYPTO_set_mem_functions). Each block lies between two guards; freed blocks are overwritten and kept for a while, so that a write behind a block or after
 * its end, and a block freed twice, abort the program with the place that allocated it. IMGW_OPENSSL_MEMORY names the file for the counters.
 *
 * gcc -O2 -shared -fPIC -o openssl-memory.so openssl-memory.c -l:libcrypto.so.3
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int CRYPTO_set_mem_functions(void *(*)(size_t, const char *, int), void *(*)(void *, size_t, const char *, int), void (*)(void *, const char *, int));

struct counters { _Atomic int64_t blocks, bytes, allocations; };

struct block {
    size_t size;
    const char *file;
    int line;
    uint32_t padding;
    uint64_t guard;
    unsigned char data[];
};

enum { KEPT = 8192, DEAD = 0xdd };
static const uint64_t LIVE_GUARD = 0x6c6976652d6d656d, DEAD_GUARD = 0x646561642d6d656d;

static struct counters *counters;
static struct block *kept[KEPT];
static size_t next_kept;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void fail(const char *what, const struct block *block)
{
    fprintf(stderr, "OpenSSL memory: %s: %zu bytes allocated at %s:%d\n", what, block->size, block->file, block->line);
    abort();
}

static struct block *checked(void *data)
{
    struct block *block = (struct block *)((unsigned char *)data - sizeof *block);
    uint64_t behind;
    if (block->guard == DEAD_GUARD) fail("used after it was freed", block);
    if (block->guard != LIVE_GUARD) fail("a write before a block", block);
    memcpy(&behind, block->data + block->size, sizeof behind);
    if (behind != LIVE_GUARD) fail("a write behind a block", block);
    return block;
}

static void *allocate(size_t size, const char *file, int line)
{
    if (size == 0) return NULL;
    struct block *block = malloc(sizeof *block + size + sizeof LIVE_GUARD);
    if (!block) return NULL;
    *block = (struct block){ .size = size, .file = file, .line = line, .guard = LIVE_GUARD };
    memcpy(block->data + size, &LIVE_GUARD, sizeof LIVE_GUARD);
    counters->blocks++;
    counters->bytes += (int64_t)size;
    counters->allocations++;
    return block->data;
}

static void release(void *data, const char *file, int line)
{
    (void)file;
    (void)line;
    if (!data) return;
    struct block *block = checked(data);
    counters->blocks--;
    counters->bytes -= (int64_t)block->size;
    block->guard = DEAD_GUARD;
    memset(block->data, DEAD, block->size);

    pthread_mutex_lock(&lock);
    struct block *oldest = kept[next_kept];
    kept[next_kept] = block;
    next_kept = (next_kept + 1) % KEPT;
    pthread_mutex_unlock(&lock);
    if (!oldest) return;
    for (size_t i = 0; i < oldest->size; i++)
        if (oldest->data[i] != DEAD) fail("a write after it was freed", oldest);
    free(oldest);
}

static void *resize(void *data, size_t size, const char *file, int line)
{
    if (!data) return allocate(size, file, line);
    if (size == 0) {
        release(data, file, line);
        return NULL;
    }

    size_t before = checked(data)->size;
    void *moved = allocate(size, file, line);
    if (!moved) return NULL;
    memcpy(moved, data, before < size ? before : size);
    release(data, file, line);
    return moved;
}

__attribute__((constructor)) static void start(void)
{
    const char *path = getenv("IMGW_OPENSSL_MEMORY");
    if (!path) return;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, sizeof *counters) != 0) abort();
    counters = mmap(NULL, sizeof *counters, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (counters == MAP_FAILED || !CRYPTO_set_mem_functions(allocate, resize, release)) abort();
}
