/*
 * A thread that writes route requests: the kernel does the work of a request inside our sendmsg, so whoever sends is
 * held. Batches go in by writerSend, what became of each comes back on the loop, in order; the journal's octets are
 * written before the requests that they speak of are sent.
 *
 * Invariant: the thread touches a slot only between `submitted` and `executed`, the loop only outside of that. No
 * policy: of netlink it knows the header, and NLMSG_ERROR. Every batch gets one outcome, unless the writer is stopped.
 */
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <uv.h>

/* Batches that may wait or be written: what the kernel does while the loop is in one turn, so that the thread need not
 * wait for the loop. Each has buffers of its own, grown when first used. */
enum { SLOTS = 16 };
/* Octets of one sendmsg: well below any SO_SNDBUF, past which the kernel says EMSGSIZE. */
enum { SEND_OCTETS = 16384 };
/* Octets of one datagram of answers: an NLMSG_ERROR with its text takes some hundreds at most. */
enum { ANSWER_OCTETS = 16384 };
/* Milliseconds without the last acknowledgement; it is queued by the time sendmsg returns. */
enum { ANSWER_TIMEOUT_MS = 5000 };
/* Nanoseconds of one turn of the loop in which outcomes are told. */
enum { REPORT_NS = 300000 };
/* Of the thread: with 100,000 routes on their way and two processors for all, the loop's delays were a quarter shorter with
 * it and installing took as long; 10 brought no more. */
enum { NICENESS = 5 };

typedef struct {
  Octets requests, journal;
  size_t requests_room, journal_room;
  uint32_t count; /* requests */
  int journal_fd; /* our own; negative: there is nothing to write */
  /* The outcome: 0 or -errno of each; the NLMSG_ERRORs of refused requests back to back. */
  int status, journal_status;
  Octets refusals;
  size_t refusals_room;
} Slot;

struct Box;
typedef struct Writer {
  uv_async_t wake; /* first, so that the two addresses are equal */
  napi_env env;
  napi_ref callback;
  napi_async_context context;
  napi_async_cleanup_hook_handle hook;
  struct Box *box;
  pthread_t thread;
  int joined;
  int fd;
  uint32_t sequence;
  pthread_mutex_t lock;
  pthread_cond_t work;
  /* Under the lock: */
  int stopping, finished;
  uint64_t submitted, executed;
  /* The loop's own: */
  uint64_t reported;
  Slot slots[SLOTS];
} Writer;
/* What JavaScript holds; it outlives the writer, so that stopping twice is harmless. */
typedef struct Box {
  Writer *writer;
} Box;

/* ---- the thread ----------------------------------------------------------------------------- */

static int append(Octets *to, size_t *room, const void *octets, size_t length) {
  if (to->length + length > *room) {
    size_t larger = 2 * (to->length + length);
    unsigned char *data = realloc(to->data, larger);
    if (data == NULL) return -ENOMEM;
    to->data = data;
    *room = larger;
  }
  if (length > 0) memcpy(to->data + to->length, octets, length);
  to->length += length;
  return 0;
}

static int write_all(int fd, const Octets *octets) {
  for (size_t at = 0; at < octets->length;) {
    ssize_t written = write(fd, octets->data + at, octets->length - at);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return -errno;
    at += (size_t)written;
  }
  return 0;
}

/* Numbers the messages from `first` on. Returns how many there are. */
static uint32_t number_messages(Octets *requests, uint32_t first) {
  uint32_t count = 0;
  size_t left = requests->length;
  struct nlmsghdr *header = (struct nlmsghdr *)requests->data;
  for (; NLMSG_OK(header, left); header = NLMSG_NEXT(header, left)) header->nlmsg_seq = first + count++;
  return count;
}

/* Whole messages from `data` on for one sendmsg; at least one. */
static size_t next_send(const unsigned char *data, size_t length) {
  size_t taken = 0;
  while (taken < length) {
    size_t size = NLMSG_ALIGN(((const struct nlmsghdr *)(data + taken))->nlmsg_len);
    if (taken > 0 && taken + size > SEND_OCTETS) break;
    taken += size;
  }
  return taken < length ? taken : length;
}

static int send_requests(int fd, const Octets *requests) {
  for (size_t at = 0; at < requests->length;) {
    size_t size = next_send(requests->data + at, requests->length - at);
    ssize_t sent = send(fd, requests->data + at, size, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return -errno;
    at += size;
  }
  return 0;
}

/* Looks through one datagram of answers. Returns 1 when the last request is answered, 0 or -errno else. */
static int take_answers(Slot *slot, uint32_t first, const unsigned char *answers, size_t left) {
  int last = 0;
  for (const struct nlmsghdr *h = (const void *)answers; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
    uint32_t index = h->nlmsg_seq - first;
    if (h->nlmsg_type != NLMSG_ERROR || index >= slot->count) continue; /* of a batch that was given up */
    if (h->nlmsg_len < NLMSG_LENGTH(sizeof(int))) continue;
    if (*(const int *)NLMSG_DATA(h) != 0) {
      size_t padded = NLMSG_ALIGN(h->nlmsg_len) <= left ? NLMSG_ALIGN(h->nlmsg_len) : h->nlmsg_len;
      size_t at = slot->refusals.length;
      int error = append(&slot->refusals, &slot->refusals_room, h, padded);
      if (error != 0) return error;
      ((struct nlmsghdr *)(slot->refusals.data + at))->nlmsg_seq = index;
    }
    if (index == slot->count - 1) last = 1;
  }
  return last;
}

/* Reads until the last request of the slot is answered. */
static int read_answers(int fd, Slot *slot, uint32_t first) {
  static _Thread_local _Alignas(8) unsigned char answers[ANSWER_OCTETS];
  int lost = 0;
  for (;;) {
    struct sockaddr_nl from = {0};
    socklen_t from_length = sizeof from;
    ssize_t length = recvfrom(fd, answers, sizeof answers, MSG_DONTWAIT | MSG_TRUNC,
                              (struct sockaddr *)&from, &from_length);
    if (length < 0 && errno == EINTR) continue;
    if (length < 0 && errno == ENOBUFS) {
      lost = 1; /* what is queued still is to be read */
      continue;
    }
    if (length < 0 && errno == EAGAIN) {
      struct pollfd readable = {.fd = fd, .events = POLLIN};
      if (lost) return -ENOBUFS;
      int ready = poll(&readable, 1, ANSWER_TIMEOUT_MS);
      if (ready == 0) return -ETIMEDOUT;
      if (ready > 0 || errno == EINTR) continue;
    }
    if (length < 0) return -errno;
    if (length > (ssize_t)sizeof answers) lost = 1;
    /* Only the kernel (port 0) is believed; another process may send to us by our port. */
    if (from.nl_pid != 0 || length > (ssize_t)sizeof answers) continue;
    int taken = take_answers(slot, first, answers, (size_t)length);
    if (taken < 0) return taken;
    if (taken == 1) return lost ? -ENOBUFS : 0;
  }
}

static void execute(Writer *writer, Slot *slot) {
  slot->journal_status = 0;
  if (slot->journal_fd >= 0) {
    slot->journal_status = write_all(slot->journal_fd, &slot->journal);
    close(slot->journal_fd);
  }
  slot->refusals.length = 0;
  uint32_t first = writer->sequence;
  /* A batch never straddles the end of the numbers. */
  if (first + slot->count < first) first = 1;
  writer->sequence = first + slot->count;
  if (number_messages(&slot->requests, first) != slot->count) {
    slot->status = -EINVAL;
    return;
  }
  slot->status = send_requests(writer->fd, &slot->requests);
  if (slot->status == 0) slot->status = read_answers(writer->fd, slot, first);
}

static void *run(void *data) {
  Writer *writer = data;
  pthread_setname_np(pthread_self(), "godwit-kernel");
  /* Of this thread alone. Where processors are short the loop, which keeps sessions alive, goes before; a refusal harms
   * nothing. */
  setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICENESS);
  pthread_mutex_lock(&writer->lock);
  for (;;) {
    while (!writer->stopping && writer->executed == writer->submitted) {
      pthread_cond_wait(&writer->work, &writer->lock);
    }
    if (writer->executed == writer->submitted) break; /* stopping, and nothing is left */
    Slot *slot = &writer->slots[writer->executed % SLOTS];
    pthread_mutex_unlock(&writer->lock);
    execute(writer, slot);
    pthread_mutex_lock(&writer->lock);
    writer->executed++;
    uv_async_send(&writer->wake);
  }
  writer->finished = 1;
  uv_async_send(&writer->wake);
  pthread_mutex_unlock(&writer->lock);
  return NULL;
}

/* ---- the loop ------------------------------------------------------------------------------- */

static void free_box(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  Box *box = data;
  if (box->writer != NULL) box->writer->box = NULL;
  free(box);
}

static void on_closed(uv_handle_t *handle) {
  Writer *writer = (Writer *)handle;
  if (writer->hook != NULL) napi_remove_async_cleanup_hook(writer->hook);
  for (int i = 0; i < SLOTS; i++) {
    free(writer->slots[i].requests.data);
    free(writer->slots[i].journal.data);
    free(writer->slots[i].refusals.data);
  }
  pthread_cond_destroy(&writer->work);
  pthread_mutex_destroy(&writer->lock);
  free(writer);
}

/* The thread has ended, or ends now: takes it down. Its socket goes with it. */
static void join(Writer *writer) {
  if (writer->joined) return;
  writer->joined = 1;
  pthread_join(writer->thread, NULL);
  close(writer->fd);
  uv_close((uv_handle_t *)&writer->wake, on_closed);
}

/* The thread finishes what it was given and ends; nothing is reported any more. */
static void stop(Writer *writer) {
  if (writer->box != NULL) writer->box->writer = NULL;
  writer->box = NULL;
  pthread_mutex_lock(&writer->lock);
  int first = !writer->stopping;
  writer->stopping = 1;
  pthread_cond_signal(&writer->work);
  pthread_mutex_unlock(&writer->lock);
  if (!first) return;
  napi_delete_reference(writer->env, writer->callback);
  napi_async_destroy(writer->env, writer->context);
}

static void on_environment_end(napi_async_cleanup_hook_handle hook, void *data) {
  (void)hook;
  stop(data);
  join(data);
}

/* Hands the outcome of the oldest slot to JavaScript, which may fill the slot again at once. */
static void report(Writer *writer) {
  Slot *slot = &writer->slots[writer->reported % SLOTS];
  napi_env env = writer->env;
  napi_handle_scope scope;
  napi_value callback, receiver, argument[3];
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  napi_get_undefined(env, &argument[2]);
  if (slot->refusals.length > 0) {
    napi_create_buffer_copy(env, slot->refusals.length, slot->refusals.data, NULL, &argument[2]);
  }
  napi_create_int32(env, slot->status, &argument[0]);
  napi_create_int32(env, slot->journal_status, &argument[1]);
  writer->reported++;
  if (napi_get_reference_value(env, writer->callback, &callback) == napi_ok &&
      napi_get_global(env, &receiver) == napi_ok &&
      napi_make_callback(env, writer->context, receiver, callback, 3, argument, NULL) != napi_ok) {
    report_exception(env);
  }
  napi_close_handle_scope(env, scope);
}

/* What is told gives the thread more to do, so that there may be more to tell for as long as we go on: the loop's other
 * work has its turn in between. */
static void on_wake(uv_async_t *handle) {
  Writer *writer = (Writer *)handle;
  uint64_t until = uv_hrtime() + REPORT_NS;
  for (;;) {
    pthread_mutex_lock(&writer->lock);
    uint64_t executed = writer->executed;
    int stopping = writer->stopping, finished = writer->finished;
    pthread_mutex_unlock(&writer->lock);
    if (stopping) {
      if (finished) join(writer);
      return;
    }
    if (writer->reported == executed) return;
    report(writer); /* may stop the writer, but not free it */
    if (uv_hrtime() >= until) break;
  }
  uv_async_send(handle);
}

static int start_thread(Writer *writer) {
  sigset_t all, before;
  sigfillset(&all);
  /* Signals are the loop's. */
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = pthread_create(&writer->thread, NULL, run, writer);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return -error;
}

/* writerStart(fd, callback) -> handle, or -errno. The writer owns `fd`, a bound AF_NETLINK socket, from then on.
 * callback(status, journalStatus, refusals) runs on the loop for each batch in order: 0 or -errno each, and the
 * NLMSG_ERRORs of refused requests, or undefined; their sequence numbers are the places in the batch, from 0. */
napi_value WriterStart(napi_env env, napi_callback_info info) {
  Arguments a = arguments_of(env, info, 2);
  int fd = int_argument(&a, 0);
  napi_value name, result;
  napi_valuetype type = napi_undefined;
  uv_loop_t *loop = NULL;
  if (a.failed) return NULL;
  napi_typeof(env, a.value[1], &type);
  if (type != napi_function || napi_get_uv_event_loop(env, &loop) != napi_ok) {
    napi_throw_type_error(env, "ERR_GODWIT_NATIVE", "A function was expected");
    return NULL;
  }
  Writer *writer = calloc(1, sizeof(Writer));
  Box *box = calloc(1, sizeof(Box));
  if (writer == NULL || box == NULL || uv_async_init(loop, &writer->wake, on_wake) != 0) {
    free(writer);
    free(box);
    return number(env, -ENOMEM);
  }
  writer->env = env;
  writer->fd = fd;
  writer->sequence = 1;
  pthread_mutex_init(&writer->lock, NULL);
  pthread_cond_init(&writer->work, NULL);
  int error = start_thread(writer);
  if (error != 0 || napi_create_external(env, box, free_box, NULL, &result) != napi_ok) {
    free(box);
    writer->fd = -1; /* stays the caller's */
    if (error == 0) {
      on_environment_end(NULL, writer);
      return number(env, -ENOMEM);
    }
    uv_close((uv_handle_t *)&writer->wake, on_closed);
    return number(env, error);
  }
  napi_create_string_utf8(env, "GodwitWriter", NAPI_AUTO_LENGTH, &name);
  napi_create_reference(env, a.value[1], 1, &writer->callback);
  napi_async_init(env, NULL, name, &writer->context);
  napi_add_async_cleanup_hook(env, on_environment_end, writer, &writer->hook);
  box->writer = writer;
  writer->box = box;
  return result;
}

static Writer *writer_argument(Arguments *a, int index) {
  void *data = NULL;
  if (a->failed) return NULL;
  if (napi_get_value_external(a->env, a->value[index], &data) != napi_ok || data == NULL) {
    napi_throw_type_error(a->env, "ERR_GODWIT_NATIVE", "A writer was expected");
    a->failed = 1;
    return NULL;
  }
  return ((Box *)data)->writer;
}

/* writerSend(handle, requests, count, journal, journalFd) -> 0; -EAGAIN while SLOTS batches have not been told,
 * -EBADF after a stop. Both octets are copied. journalFd is negative where there is nothing to write. */
napi_value WriterSend(napi_env env, napi_callback_info info) {
  Arguments a = arguments_of(env, info, 5);
  Writer *writer = writer_argument(&a, 0);
  Octets requests = octets_argument(&a, 1), journal = octets_argument(&a, 3);
  int count = int_argument(&a, 2), journal_fd = int_argument(&a, 4);
  if (a.failed) return NULL;
  if (writer == NULL) return number(env, -EBADF);
  if (writer->submitted - writer->reported >= SLOTS) return number(env, -EAGAIN);
  Slot *slot = &writer->slots[writer->submitted % SLOTS];
  slot->requests.length = slot->journal.length = 0;
  if (append(&slot->requests, &slot->requests_room, requests.data, requests.length) != 0 ||
      append(&slot->journal, &slot->journal_room, journal.data, journal.length) != 0) {
    return number(env, -ENOMEM);
  }
  slot->count = (uint32_t)count;
  /* A duplicate: the caller may close or replace its own at any time. */
  slot->journal_fd = journal_fd < 0 ? -1 : fcntl(journal_fd, F_DUPFD_CLOEXEC, 3);
  if (journal_fd >= 0 && slot->journal_fd < 0) return number(env, -errno);
  pthread_mutex_lock(&writer->lock);
  writer->submitted++;
  pthread_cond_signal(&writer->work);
  pthread_mutex_unlock(&writer->lock);
  return number(env, 0);
}

/* writerStop(handle) -> 0. What was given is still written, by the thread; nothing is called back any more. */
napi_value WriterStop(napi_env env, napi_callback_info info) {
  Arguments a = arguments_of(env, info, 1);
  Writer *writer = writer_argument(&a, 0);
  if (a.failed) return NULL;
  if (writer != NULL) stop(writer);
  return number(env, 0);
}
