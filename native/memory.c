/*
 * Gives memory back: what malloc holds free, and the pages of the program's own file that happen to be mapped.
 *
 * A program that starts touches most of itself once: its loader, its parser, its compilers. Those pages count as
 * resident until somebody needs their memory. Let go they stay in the cache of files, and what is still wanted comes
 * back with a fault of a microsecond.
 */
#include "shim.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

typedef struct {
  uintptr_t start, end;
  int is_file; /* of a file, readable, not writable */
} Mapping;

/* "7f00-7f10 r-xp 00000000 08:01 1234  /path": 1 when `line` begins a mapping, which it then is. */
static int begins_mapping(const char *line, Mapping *mapping) {
  uintptr_t start, end;
  char modes[5];
  unsigned long inode;
  int fields = sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s %*s %*s %lu", &start, &end, modes, &inode);
  if (fields != 4) return 0;
  *mapping = (Mapping){start, end, inode != 0 && modes[0] == 'r' && modes[1] == '-' && modes[3] == 'p'};
  return 1;
}

/*
 * Lets go of every mapping of a file that is as the file is. One with a page of its own (relocated, or with a
 * debugger's breakpoint) would lose it, and one that was replaced by large anonymous pages is of no file.
 */
static int forget_program(void) {
  FILE *smaps = fopen("/proc/self/smaps", "re");
  if (smaps == NULL) return -errno;
  Mapping mapping = {0, 0, 0};
  char line[512];
  while (fgets(line, sizeof line, smaps) != NULL) {
    unsigned long kilobytes;
    if (begins_mapping(line, &mapping)) continue;
    if (!mapping.is_file || sscanf(line, "Anonymous: %lu kB", &kilobytes) != 1) continue;
    if (kilobytes == 0) madvise((void *)mapping.start, mapping.end - mapping.start, MADV_DONTNEED);
  }
  fclose(smaps);
  return 0;
}

/* trim() -> 0 or -errno. Some milliseconds. */
napi_value Trim(napi_env env, napi_callback_info info) {
  Arguments a = arguments_of(env, info, 0);
  if (a.failed) return NULL;
#ifdef __GLIBC__
  malloc_trim(0);
#endif
  return number(env, forget_program());
}

static void forget_aside(napi_env env, void *data) { forget_program(); }

static void forgotten(napi_env env, napi_status status, void *data) {
  napi_async_work *work = data;
  napi_delete_async_work(env, *work);
  free(work);
}

/* forgetProgram() -> 0 or -ENOMEM. The program's pages alone, on a thread of libuv's pool: nobody waits. */
napi_value ForgetProgram(napi_env env, napi_callback_info info) {
  Arguments a = arguments_of(env, info, 0);
  if (a.failed) return NULL;
  napi_async_work *work = malloc(sizeof *work);
  napi_value name;
  if (work == NULL) return number(env, -ENOMEM);
  napi_create_string_utf8(env, "forgetProgram", NAPI_AUTO_LENGTH, &name);
  *work = NULL;
  if (napi_create_async_work(env, NULL, name, forget_aside, forgotten, work, work) == napi_ok &&
      napi_queue_async_work(env, *work) == napi_ok) {
    return number(env, 0);
  }
  if (*work != NULL) napi_delete_async_work(env, *work);
  free(work);
  return number(env, -ENOMEM);
}
