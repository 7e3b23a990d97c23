/*
 * Gives memory back: what malloc holds free, and the pages of the program's own file that happen to be mapped.
 *
 * A program that starts touches most of itself once: its loader, its parser, its compilers. Those pages count as
 * resident until somebody needs their memory. Let go they stay in the cache of files, and what is still wanted comes
 * back with a fault of a microsecond.
 */
#include "program.h"
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

/* trim() -> 0. What malloc holds free alone: a millisecond, in which no other thread gets memory. */
napi_value Trim(napi_env env, napi_callback_info info) {
  Arguments a = arguments_of(env, info, 0);
  if (a.failed) return NULL;
#ifdef __GLIBC__
  malloc_trim(0);
#endif
  return number(env, 0);
}

static void forget_aside(napi_env env, void *data) {
  if (find_program() == 0) forget_program();
}

static void forgotten(napi_env env, napi_status status, void *data) {
  napi_async_work *work = data;
  napi_delete_async_work(env, *work);
  free(work);
}

/* forgetProgram() -> 0 or -ENOMEM. The program's pages, on a thread of libuv's pool: nobody waits. */
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

/* ---- the limit ------------------------------------------------------------------------------ */

/*
 * Where letting go is dear, it is done less often: a fifth of the time at most. Under user-mode Linux a look and the
 * faults that follow take a hundred milliseconds, on a machine of its own two or three.
 */
#define PAUSE_PER_LOOK 5

/* Of the wall: user-mode Linux counts a thread's CPU in ticks of 10 ms. */
static long nanoseconds_now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000L + time.tv_nsec;
}

/* Octets of files that are resident, or negative. */
static int64_t resident_of_files(int statm) {
  char text[128];
  long pages;
  ssize_t length = pread(statm, text, sizeof text - 1, 0);
  if (length <= 0) return -1;
  text[length] = 0;
  return sscanf(text, "%*d %*d %ld", &pages) == 1 ? (int64_t)pages * sysconf(_SC_PAGESIZE) : -1;
}

/* 1 when something had to be read from a disk since the last call: what is let go now may be read again. */
static int memory_is_short(void) {
  static long before;
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  int more = usage.ru_majflt != before;
  before = usage.ru_majflt;
  return more;
}

/* Functions that are in use, far apart: reading them does not go to the disk. */
static const volatile void *const IN_USE[] = {napi_create_function, uv_async_send, malloc, pthread_create};

/* Nanoseconds in which a page of the program comes back: the least of some, for one may be interrupted. */
static long time_of_a_fault(void) {
  long least = LONG_MAX;
  for (size_t i = 0; i < sizeof IN_USE / sizeof *IN_USE; i++) {
    long begun = nanoseconds_now();
    (void)*(const volatile char *)IN_USE[i];
    long taken = nanoseconds_now() - begun;
    if (taken < least) least = taken;
  }
  return least;
}

/* Lets go, and estimates in nanoseconds what that and the faults that bring all of it back take together. */
static long forget_and_estimate(int64_t resident) {
  long begun = nanoseconds_now();
  forget_program();
  long forgotten = nanoseconds_now() - begun;
  return forgotten + time_of_a_fault() * (long)(resident / (int64_t)fault_octets());
}

/* What the last call said. */
static atomic_int limit_octets;
static atomic_int look_every_ms;

static void *keep_below(void *data) {
  int statm = (int)(intptr_t)data;
  pthread_setname_np(pthread_self(), "godwit-memory");
  long cost = 0;
  for (;;) {
    long pause = look_every_ms * 1000000L;
    if (pause < cost * PAUSE_PER_LOOK) pause = cost * PAUSE_PER_LOOK;
    struct timespec time = {pause / 1000000000L, pause % 1000000000L};
    if (clock_nanosleep(CLOCK_PROCESS_CPUTIME_ID, 0, &time, NULL) != 0) break;
    int64_t resident = resident_of_files(statm);
    if (resident < 0) break;
    if (memory_is_short() || resident <= limit_octets) continue;
    cost = forget_and_estimate(resident);
  }
  close(statm);
  return NULL;
}

static int start_keeping_below(void) {
  int statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (statm < 0) return -errno;
  int status = find_program();
  if (status == 0) {
    narrow_faults();
    sigset_t all, before;
    pthread_attr_t detached;
    pthread_t thread;
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are Node's */
    status = -pthread_create(&thread, &detached, keep_below, (void *)(intptr_t)statm);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&detached);
  }
  if (status != 0) close(statm);
  return status;
}

/*
 * keepProgramBelow(octets, milliseconds) -> 0 or -errno. What is resident of files stays about below, until the process
 * ends or another call says otherwise: a thread looks after so many milliseconds of the whole process's CPU, so that one
 * at rest is never woken.
 */
napi_value KeepProgramBelow(napi_env env, napi_callback_info info) {
  static atomic_flag started = ATOMIC_FLAG_INIT;
  Arguments a = arguments_of(env, info, 2);
  int32_t octets = int_argument(&a, 0);
  int32_t milliseconds = int_argument(&a, 1);
  if (a.failed) return NULL;
  if (octets < 0 || milliseconds < 1) return number(env, -EINVAL);
  limit_octets = octets;
  look_every_ms = milliseconds;
  return number(env, atomic_flag_test_and_set(&started) ? 0 : start_keeping_below());
}
