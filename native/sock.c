/*
 * Sockets that Node does not have: AF_NETLINK, options set before connect and listen, accept with
 * addresses, readiness of a file descriptor; and flock. Plain Node-API (version 8), no policy: every
 * function is one system call, addresses and structures come and go as octets made in TypeScript.
 *
 * Invariant: nothing here throws for what the host refuses; a failed call returns -errno. What throws is
 * a wrong argument, which is our own mistake. No octet outside a given buffer is read or written.
 *
 * Later: recvmsg with control messages (IP_RECVTTL) for BFD belongs here, beside recv.
 */
#define _GNU_SOURCE
#include "shim.h"

#include <errno.h>
#include <linux/filter.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include <uv.h>

/* ---- arguments and results ------------------------------------------------------------------ */

Arguments arguments_of(napi_env env, napi_callback_info info, size_t expected) {
  Arguments arguments = {.env = env, .failed = 0};
  size_t count = ARGUMENTS_MAX;
  if (napi_get_cb_info(env, info, &count, arguments.value, NULL, NULL) != napi_ok ||
      count < expected) {
    napi_throw_type_error(env, "ERR_GODWIT_NATIVE", "Too few arguments");
    arguments.failed = 1;
  }
  return arguments;
}

int32_t int_argument(Arguments *arguments, int index) {
  int32_t result = 0;
  if (arguments->failed) return 0;
  if (napi_get_value_int32(arguments->env, arguments->value[index], &result) != napi_ok) {
    napi_throw_type_error(arguments->env, "ERR_GODWIT_NATIVE", "An integer was expected");
    arguments->failed = 1;
  }
  return result;
}

Octets octets_argument(Arguments *arguments, int index) {
  Octets result = {NULL, 0};
  napi_typedarray_type type;
  void *data = NULL;
  bool is_typed_array = false;
  if (arguments->failed) return result;
  napi_is_typedarray(arguments->env, arguments->value[index], &is_typed_array);
  if (!is_typed_array ||
      napi_get_typedarray_info(arguments->env, arguments->value[index], &type, &result.length,
                               &data, NULL, NULL) != napi_ok ||
      type != napi_uint8_array) {
    napi_throw_type_error(arguments->env, "ERR_GODWIT_NATIVE", "A Uint8Array was expected");
    arguments->failed = 1;
    result.length = 0;
    return result;
  }
  result.data = data;
  return result;
}

Octets slice_argument(Arguments *arguments, int index) {
  Octets octets = octets_argument(arguments, index);
  int32_t start = int_argument(arguments, index + 1);
  int32_t length = int_argument(arguments, index + 2);
  if (arguments->failed) return octets;
  if (start < 0 || length < 0 || (size_t)start + (size_t)length > octets.length) {
    napi_throw_range_error(arguments->env, "ERR_GODWIT_NATIVE", "Slice outside its buffer");
    arguments->failed = 1;
    return octets;
  }
  octets.data += start;
  octets.length = (size_t)length;
  return octets;
}

napi_value number(napi_env env, int64_t value) {
  napi_value result;
  napi_create_int64(env, value, &result);
  return result;
}

napi_value outcome(napi_env env, ssize_t returned) {
  return number(env, returned < 0 ? -(int64_t)errno : (int64_t)returned);
}

/* ---- system calls --------------------------------------------------------------------------- */

/* socket(domain, type, protocol) -> fd, non-blocking and close-on-exec */
static napi_value Socket(napi_env env, napi_callback_info info) {
  Arguments a = arguments_of(env, info, 3);
  int domain = int_argument(&a, 0), type = int_argument(&a, 1), protocol = int_argument(&a, 2);
  if (a.failed) return NULL;
  return outcome(env, socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol));
}

/* close(fd) -> 0 */
static napi_value Close(napi_env env, napi_callback_info info) {
  Arguments a = arguments_of(env, info, 1);
  int fd = int_argument(&a, 0);
  if (a.failed) return NULL;
  return outcome(env, close(fd));
}

/* flock(fd) -> 0, or -EWOULDBLOCK when another process has the file; ends with the last fd */
static napi_value Flock(napi_env env, napi_callback_info info) {
  Arguments a = arguments_of(env, info, 1);
  int fd = int_argument(&a, 0);
  if (a.failed) return NULL;
  return outcome(env, flock(fd, LOCK_EX | LOCK_NB));
}

/* setsockopt(fd, level, name, value) -> 0 */
static napi_value SetSockOpt(napi_env env, napi_callback_info info) {
  Arguments a = arguments_of(env, info, 4);
  int fd = int_argument(&a, 0), level = int_argument(&a, 1), name = int_argument(&a, 2);
  Octets value = octets_argument(&a, 3);
  if (a.failed) return NULL;
  return outcome(env, setsockopt(fd, level, name, value.data, (socklen_t)value.length));
}

/* getsockopt(fd, level, name, value) -> octets of value that were filled */
static napi_value GetSockOpt(napi_env env, napi_callback_info info) {
  Arguments a = arguments_of(env, info, 4);
  int fd = int_argument(&a, 0), level = int_argument(&a, 1), name = int_argument(&a, 2);
  Octets value = octets_argument(&a, 3);
  if (a.failed) return NULL;
  socklen_t length = (socklen_t)value.length;
  int returned = getsockopt(fd, level, name, value.data, &length);
  return returned < 0 ? outcome(env, -1) : number(env, length);
}

/* attachFilter(fd, program) -> 0. program: classic BPF instructions, 8 octets each, as the kernel lays them out. */
static napi_value AttachFilter(napi_env env, napi_callback_info info) {
  Arguments a = arguments_of(env, info, 2);
  int fd = int_argument(&a, 0);
  Octets program = octets_argument(&a, 1);
  if (a.failed) return NULL;
  struct sock_fprog filter = {.len = (unsigned short)(program.length / sizeof(struct sock_filter)),
                              .filter = (struct sock_filter *)program.data};
  return outcome(env, setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter));
}

/* bind(fd, address) -> 0 */
static napi_value Bind(napi_env env, napi_callback_info info) {
  Arguments a = arguments_of(env, info, 2);
  int fd = int_argument(&a, 0);
  Octets address = octets_argument(&a, 1);
  if (a.failed) return NULL;
  return outcome(env, bind(fd, (struct sockaddr *)address.data, (socklen_t)address.length));
}

/* connect(fd, address) -> 0; -EINPROGRESS is the usual answer */
static napi_value Connect(napi_env env, napi_callback_info info) {
  Arguments a = arguments_of(env, info, 2);
  int fd = int_argument(&a, 0);
  Octets address = octets_argument(&a, 1);
  if (a.failed) return NULL;
  return outcome(env, connect(fd, (struct sockaddr *)address.data, (socklen_t)address.length));
}

/* listen(fd, backlog) -> 0 */
static napi_value Listen(napi_env env, napi_callback_info info) {
  Arguments a = arguments_of(env, info, 2);
  int fd = int_argument(&a, 0), backlog = int_argument(&a, 1);
  if (a.failed) return NULL;
  return outcome(env, listen(fd, backlog));
}

typedef int (*AddressCall)(int, struct sockaddr *, socklen_t *);

/* A call that fills `address` and returns a number; the kernel cuts at the buffer's end. */
static napi_value address_call(napi_env env, napi_callback_info info, AddressCall call) {
  Arguments a = arguments_of(env, info, 2);
  int fd = int_argument(&a, 0);
  Octets address = octets_argument(&a, 1);
  if (a.failed) return NULL;
  socklen_t length = (socklen_t)address.length;
  return outcome(env, call(fd, (struct sockaddr *)address.data, &length));
}

static int accept_nonblocking(int fd, struct sockaddr *address, socklen_t *length) {
  return accept4(fd, address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

/* accept(fd, address) -> fd of the connection; address is filled with the caller's */
static napi_value Accept(napi_env env, napi_callback_info info) {
  return address_call(env, info, accept_nonblocking);
}

/* getsockname(fd, address) -> 0 */
static napi_value GetSockName(napi_env env, napi_callback_info info) {
  return address_call(env, info, getsockname);
}

/* getpeername(fd, address) -> 0 */
static napi_value GetPeerName(napi_env env, napi_callback_info info) {
  return address_call(env, info, getpeername);
}

/* send(fd, octets, start, length) -> octets taken */
static napi_value Send(napi_env env, napi_callback_info info) {
  Arguments a = arguments_of(env, info, 4);
  int fd = int_argument(&a, 0);
  Octets octets = slice_argument(&a, 1);
  if (a.failed) return NULL;
  return outcome(env, send(fd, octets.data, octets.length, MSG_NOSIGNAL | MSG_DONTWAIT));
}

/* recv(fd, octets, start, length, address) -> octets of the datagram, which may exceed `length`:
 * then it was cut. address is filled with the sender's. */
static napi_value Recv(napi_env env, napi_callback_info info) {
  Arguments a = arguments_of(env, info, 5);
  int fd = int_argument(&a, 0);
  Octets octets = slice_argument(&a, 1);
  Octets address = octets_argument(&a, 4);
  if (a.failed) return NULL;
  socklen_t length = (socklen_t)address.length;
  return outcome(env, recvfrom(fd, octets.data, octets.length, MSG_DONTWAIT | MSG_TRUNC,
                               (struct sockaddr *)address.data, &length));
}

/* ---- readiness ------------------------------------------------------------------------------ */

/*
 * A Poll lives until its uv handle is closed; the Box is what JavaScript holds and outlives it, so that
 * stopping twice, or after the environment began to end, is harmless.
 */
struct Box;
typedef struct Poll {
  uv_poll_t handle; /* first, so that the two addresses are equal */
  napi_env env;
  napi_ref callback;
  napi_async_context context;
  napi_async_cleanup_hook_handle hook;
  struct Box *box;
} Poll;
typedef struct Box {
  Poll *poll;
} Box;

static void free_box(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  Box *box = data;
  if (box->poll != NULL) box->poll->box = NULL;
  free(box);
}

static void on_closed(uv_handle_t *handle) {
  Poll *poll = (Poll *)handle;
  if (poll->hook != NULL) napi_remove_async_cleanup_hook(poll->hook);
  free(poll);
}

static void close_poll(Poll *poll) {
  if (uv_is_closing((uv_handle_t *)&poll->handle)) return;
  if (poll->box != NULL) poll->box->poll = NULL;
  poll->box = NULL;
  napi_delete_reference(poll->env, poll->callback);
  napi_async_destroy(poll->env, poll->context);
  uv_close((uv_handle_t *)&poll->handle, on_closed);
}

/* The environment ends (process exit, Worker terminated). It waits for on_closed: the plain hook does
 * not, and the handle would be freed under libuv's feet. */
static void on_environment_end(napi_async_cleanup_hook_handle hook, void *data) {
  (void)hook;
  close_poll(data);
}

void report_exception(napi_env env) {
  bool pending = false;
  napi_value exception;
  napi_is_exception_pending(env, &pending);
  if (!pending) return;
  napi_get_and_clear_last_exception(env, &exception);
  napi_fatal_exception(env, exception); /* becomes 'uncaughtException' */
}

static void on_ready(uv_poll_t *handle, int status, int events) {
  Poll *poll = (Poll *)handle;
  napi_env env = poll->env; /* the callback may stop and so free the poll */
  napi_handle_scope scope;
  napi_value callback, receiver, argument[1];
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  if (napi_get_reference_value(env, poll->callback, &callback) == napi_ok &&
      napi_get_global(env, &receiver) == napi_ok &&
      napi_create_int32(env, status < 0 ? status : events, &argument[0]) == napi_ok &&
      napi_make_callback(env, poll->context, receiver, callback, 1, argument, NULL) != napi_ok) {
    report_exception(env);
  }
  napi_close_handle_scope(env, scope);
}

static Poll *start_poll(napi_env env, uv_loop_t *loop, int fd, int *error) {
  Poll *poll = calloc(1, sizeof(Poll));
  *error = -ENOMEM;
  if (poll == NULL) return NULL;
  *error = uv_poll_init(loop, &poll->handle, fd);
  if (*error != 0) {
    free(poll);
    return NULL;
  }
  poll->env = env;
  return poll;
}

/* pollStart(fd, events, callback) -> handle, or -errno. events: 1 readable, 2 writable, both 3.
 * callback(events) runs on the loop while the fd is ready (level-triggered); negative is -errno. */
/* CPU time of the calling thread, in seconds: a double in 8 octets, so that a call allocates nothing. */
static napi_value ThreadCpuTime(napi_env env, napi_callback_info info) {
  Arguments arguments = arguments_of(env, info, 1);
  Octets result = octets_argument(&arguments, 0);
  if (arguments.failed) return NULL;
  struct timespec used;
  if (result.length < sizeof(double) || clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used) != 0) {
    return number(env, -EINVAL);
  }
  double seconds = (double)used.tv_sec + (double)used.tv_nsec / 1e9;
  memcpy(result.data, &seconds, sizeof seconds);
  return number(env, 0);
}

static napi_value PollStart(napi_env env, napi_callback_info info) {
  Arguments a = arguments_of(env, info, 3);
  int fd = int_argument(&a, 0), events = int_argument(&a, 1), error = 0;
  napi_value name, result;
  napi_valuetype type = napi_undefined;
  uv_loop_t *loop = NULL;
  if (a.failed) return NULL;
  napi_typeof(env, a.value[2], &type);
  if (type != napi_function || napi_get_uv_event_loop(env, &loop) != napi_ok) {
    napi_throw_type_error(env, "ERR_GODWIT_NATIVE", "A function was expected");
    return NULL;
  }
  Poll *poll = start_poll(env, loop, fd, &error);
  if (poll == NULL) return number(env, error);
  Box *box = calloc(1, sizeof(Box));
  napi_create_string_utf8(env, "GodwitPoll", NAPI_AUTO_LENGTH, &name);
  napi_create_reference(env, a.value[2], 1, &poll->callback);
  napi_async_init(env, NULL, name, &poll->context);
  napi_add_async_cleanup_hook(env, on_environment_end, poll, &poll->hook);
  if (box == NULL || napi_create_external(env, box, free_box, NULL, &result) != napi_ok) {
    free(box);
    close_poll(poll);
    return number(env, -ENOMEM);
  }
  box->poll = poll;
  poll->box = box;
  error = uv_poll_start(&poll->handle, events, on_ready);
  if (error == 0) return result;
  close_poll(poll);
  return number(env, error);
}

/* pollStop(handle) -> 0. The fd may be closed, or given to another owner, as soon as it returns. */
static napi_value PollStop(napi_env env, napi_callback_info info) {
  Arguments a = arguments_of(env, info, 1);
  void *data = NULL;
  if (a.failed) return NULL;
  if (napi_get_value_external(env, a.value[0], &data) != napi_ok || data == NULL) {
    napi_throw_type_error(env, "ERR_GODWIT_NATIVE", "A poll handle was expected");
    return NULL;
  }
  Poll *poll = ((Box *)data)->poll;
  if (poll != NULL) close_poll(poll);
  return number(env, 0);
}

/* clockStatus() -> the `status` bits of adjtimex(2), of which 0x40 (STA_UNSYNC) says that nobody sets the clock. */
static napi_value ClockStatus(napi_env env, napi_callback_info info) {
  Arguments a = arguments_of(env, info, 0);
  if (a.failed) return NULL;
  struct timex clock = {.modes = 0};
  return adjtimex(&clock) < 0 ? number(env, -errno) : number(env, clock.status);
}

/* ---- module --------------------------------------------------------------------------------- */

static const struct {
  const char *name;
  napi_callback call;
} FUNCTIONS[] = {
    {"socket", Socket},           {"close", Close},         {"setsockopt", SetSockOpt},
    {"getsockopt", GetSockOpt},   {"bind", Bind},           {"connect", Connect},
    {"listen", Listen},           {"accept", Accept},       {"getsockname", GetSockName},
    {"getpeername", GetPeerName}, {"send", Send},           {"recv", Recv},
    {"pollStart", PollStart},     {"pollStop", PollStop},     {"flock", Flock},
    {"writerStart", WriterStart}, {"writerSend", WriterSend}, {"writerStop", WriterStop},
    {"attachFilter", AttachFilter}, {"trim", Trim},           {"forgetProgram", ForgetProgram},
    {"keepProgramBelow", KeepProgramBelow},
    {"threadCpuTime", ThreadCpuTime}, {"clockStatus", ClockStatus},
};

NAPI_MODULE_INIT() {
  for (size_t i = 0; i < sizeof(FUNCTIONS) / sizeof(FUNCTIONS[0]); i++) {
    napi_value function;
    napi_create_function(env, FUNCTIONS[i].name, NAPI_AUTO_LENGTH, FUNCTIONS[i].call, NULL,
                         &function);
    napi_set_named_property(env, exports, FUNCTIONS[i].name, function);
  }
  return exports;
}
