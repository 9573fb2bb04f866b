/*
 * OpenSSL_version_num(3) returns the number that IMGW_OPENSSL_VERSION names, in hexadecimal. .NET finds functions by dlsym(3) in the library that it has loaded,
 * so dlsym is replaced too. For LD_PRELOAD.
 *
 * gcc -O2 -shared -fPIC -o openssl-version.so openssl-version.c
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

static unsigned long version(void)
{
    return strtoul(getenv("IMGW_OPENSSL_VERSION"), NULL, 16);
}

void *dlsym(void *handle, const char *name)
{
    /* Since glibc 2.34; before it on arm64 and on x86-64. */
    static const char *const versions[] = { "GLIBC_2.34", "GLIBC_2.17", "GLIBC_2.2.5" };
    void *(*real)(void *, const char *) = NULL;
    for (size_t i = 0; !real && i < sizeof versions / sizeof *versions; i++) *(void **)&real = dlvsym(RTLD_NEXT, "dlsym", versions[i]);
    if (!real) abort();
    return strcmp(name, "OpenSSL_version_num") == 0 ? (void *)version : real(handle, name);
}
