/*
 * The null relay: answers OPEN and KEEPALIVE and copies UPDATEs unread from feeds to sinks.
 *
 * It does what no daemon can do without, and nothing else: the limit of the harness itself. Sinks are the peers
 * with an AS of 65101–65199; what feeds say is kept in one log, and every sink has its place in it.
 */
#define _GNU_SOURCE
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PEERS_MAX = 1024 };

static int epoll;
static uint32_t local_as;
static uint32_t local_address;
static Buffer log_octets;
static Connection *peers[PEERS_MAX];
static int sinks[PEERS_MAX];
static unsigned peer_count;
int relay_writes;

static int is_sink(uint32_t as) { return as >= 65101 && as <= 65199; }

static void on_message(Connection *connection, int type, const uint8_t *message, size_t length) {
  size_t index = (size_t)connection->owner;
  if (type == OPEN) {
    sinks[index] = is_sink(as_of_open(message, length));
    encode_keepalive(&connection->control);
  }
  if (type != UPDATE || sinks[index]) return;
  if (relay_writes) writer_update(message, length);
  else put(&log_octets, message, length);
}

static void accept_one(int listener) {
  int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return;
  if (peer_count == PEERS_MAX) die("more than %d peers", PEERS_MAX);
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  Connection *connection = must_alloc(sizeof *connection);
  connection->fd = fd;
  connection->owner = (void *)(size_t)peer_count;
  connection->message = on_message;
  peers[peer_count++] = connection;
  Identity identity = {local_as, local_address, 1};
  encode_open(&connection->control, &identity);
  connection_watch(epoll, connection);
}

/* The log may have moved: sinks keep their place, not a pointer. */
static void pump(void) {
  for (unsigned i = 0; i < peer_count; i++) {
    Connection *connection = peers[i];
    if (connection->closed) continue;
    if (sinks[i]) {
      connection->bulk = log_octets.octets;
      connection->bulk_length = log_octets.length;
    }
    connection_flush(epoll, connection);
  }
}

int relay_main(uint32_t listen_address, uint32_t as) {
  local_as = as;
  local_address = listen_address;
  epoll = epoll_create1(EPOLL_CLOEXEC);
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int one = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(179)};
  address.sin_addr.s_addr = htonl(listen_address);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 1024) != 0) {
    die("listen: %s", strerror(errno));
  }
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
  epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
  for (;;) {
    struct epoll_event events[256];
    int count = epoll_wait(epoll, events, 256, -1);
    for (int i = 0; i < count; i++) {
      Connection *connection = events[i].data.ptr;
      if (connection == NULL) accept_one(listener);
      else if ((events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) && !connection_read(connection)) {
        connection->closed = 1;
        close(connection->fd);
      }
    }
    if (relay_writes) writer_flush();
    pump();
  }
}
