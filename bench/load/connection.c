/* A non-blocking socket: whole messages in, control octets and one borrowed bulk buffer out, in that order. */
#include "load.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static void watch(int epoll, Connection *connection, int operation) {
  uint32_t events = EPOLLIN | (connection->wants_write ? EPOLLOUT : 0u);
  struct epoll_event event = {.events = events, .data.ptr = connection};
  if (epoll_ctl(epoll, operation, connection->fd, &event) != 0) die("epoll_ctl: %s", strerror(errno));
}

void connection_watch(int epoll, Connection *connection) {
  connection->wants_write = 1;
  watch(epoll, connection, EPOLL_CTL_ADD);
}

static size_t send_some(Connection *connection, const uint8_t *octets, size_t length) {
  size_t sent = 0;
  while (sent < length) {
    ssize_t n = send(connection->fd, octets + sent, length - sent, MSG_NOSIGNAL);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (n < 0) {
      connection->closed = 1;
      break;
    }
    sent += (size_t)n;
  }
  if (sent > 0) connection->last_sent_ns = now_ns();
  return sent;
}

void connection_flush(int epoll, Connection *connection) {
  Buffer *control = &connection->control;
  /* Control octets go between messages only: before the bulk starts or after it ends. */
  int between = connection->bulk_sent == 0 || connection->bulk_sent == connection->bulk_length;
  if (between && connection->control_sent < control->length) {
    connection->control_sent += send_some(connection, control->octets + connection->control_sent,
                                          control->length - connection->control_sent);
    if (connection->control_sent == control->length) control->length = connection->control_sent = 0;
  }
  int clear = !between || control->length == 0;
  if (clear && connection->bulk_sent < connection->bulk_length) {
    connection->bulk_sent += send_some(connection, connection->bulk + connection->bulk_sent,
                                       connection->bulk_length - connection->bulk_sent);
  }
  int pending = connection->control_sent < control->length ||
                connection->bulk_sent < connection->bulk_length;
  if (pending == connection->wants_write || connection->closed) return;
  connection->wants_write = pending;
  watch(epoll, connection, EPOLL_CTL_MOD);
}

int connection_read(Connection *connection) {
  ssize_t n = recv(connection->fd, connection->in + connection->in_length,
                   sizeof connection->in - connection->in_length, 0);
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return 1;
  if (n <= 0) return 0;
  connection->in_length += (size_t)n;
  size_t at = 0;
  while (connection->in_length - at >= HEADER) {
    const uint8_t *message = connection->in + at;
    size_t length = (size_t)(message[16] << 8 | message[17]);
    if (length < HEADER || length > MESSAGE_MAX) die("a message of %zu octets", length);
    if (connection->in_length - at < length) break;
    connection->message(connection, message[18], message, length);
    at += length;
  }
  memmove(connection->in, connection->in + at, connection->in_length - at);
  connection->in_length -= at;
  return 1;
}
