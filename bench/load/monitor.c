/* The kernel as a sink: rtnetlink notifications of IPv4 routes with protocol 12 (bird) or 186 (bgp: FRR's zebra) in
 * another namespace. */
#define _GNU_SOURCE
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* A reader that is woken for every route takes two fifths of a processor from what is measured, and interrupts it
 * each time. */
enum { REST_NS = 1000000, REST_MS = 1 };
enum { PROTOCOL_BIRD = 12, PROTOCOL_BGP = 186, RECEIVE_BUFFER = 512 << 20 };

int monitor_open(const char *netns) {
  int home = open("/proc/self/ns/net", O_RDONLY);
  int other = open(netns, O_RDONLY);
  if (home < 0 || other < 0) die("%s: %s", netns, strerror(errno));
  if (setns(other, CLONE_NEWNET) != 0) die("setns %s: %s", netns, strerror(errno));
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
  struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_IPV4_ROUTE};
  int size = RECEIVE_BUFFER;
  if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0 ||
      bind(fd, (struct sockaddr *)&address, sizeof address) != 0) {
    die("netlink monitor: %s", strerror(errno));
  }
  if (setns(home, CLONE_NEWNET) != 0) die("setns back: %s", strerror(errno));
  close(home);
  close(other);
  return fd;
}

static uint64_t rests_until; /* 0: epoll watches */

static void watch(int epoll, int operation, int fd, void *data) {
  struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT, .data.ptr = data};
  if (epoll_ctl(epoll, operation, fd, &event) != 0) die("epoll_ctl: %s", strerror(errno));
}

void monitor_watch(int epoll, int fd, void *data) { watch(epoll, EPOLL_CTL_ADD, fd, data); }

int monitor_rest(int epoll, int fd, void *data, int wait_ms) {
  if (rests_until == 0) return wait_ms;
  if (now_ns() < rests_until) return wait_ms < REST_MS ? wait_ms : REST_MS;
  rests_until = 0;
  watch(epoll, EPOLL_CTL_MOD, fd, data);
  return wait_ms;
}

static void visit_route(const struct nlmsghdr *header, const UpdateVisitor *visitor) {
  const struct rtmsg *route = NLMSG_DATA(header);
  if (route->rtm_family != AF_INET) return;
  if (route->rtm_protocol != PROTOCOL_BIRD && route->rtm_protocol != PROTOCOL_BGP) return;
  size_t left = RTM_PAYLOAD(header);
  uint32_t destination = 0, gateway = 0;
  for (struct rtattr *a = RTM_RTA(route); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
    if (a->rta_type == RTA_DST) memcpy(&destination, RTA_DATA(a), 4);
    if (a->rta_type == RTA_GATEWAY) memcpy(&gateway, RTA_DATA(a), 4);
  }
  uint16_t generation = (uint16_t)(1 + ((ntohl(gateway) >> MOVE_SHIFT) & 7));
  uint16_t marker = header->nlmsg_type == RTM_NEWROUTE ? generation : 0;
  visitor->prefix(visitor->context, ntohl(destination), route->rtm_dst_len, marker);
}

void monitor_read(int fd, const UpdateVisitor *visitor) {
  static uint8_t octets[1 << 18];
  for (;;) {
    ssize_t n = recv(fd, octets, sizeof octets, 0);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      rests_until = now_ns() + REST_NS;
      return;
    }
    if (n < 0) die("the netlink monitor lost events: %s", strerror(errno));
    size_t left = (size_t)n;
    for (struct nlmsghdr *h = (void *)octets; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
      if (h->nlmsg_type == RTM_NEWROUTE || h->nlmsg_type == RTM_DELROUTE) visit_route(h, visitor);
    }
  }
}
