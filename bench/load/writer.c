/*
 * The limit of the kernel scenarios: writes every route that a feed announces, at once, and does nothing else. Either
 * rtnetlink requests, 512 a sendmsg with the ACK on the last, or lines for one `ip -batch`: what a script would do.
 *
 * The prefix's next hop is the one in the UPDATE, as the kernel finds it; no table, no choice, no check of ownership.
 */
#define _GNU_SOURCE
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PROTOCOL_BIRD = 12, TABLE_MAIN = 254, REQUESTS_MAX = 512, RECEIVE_BUFFER = 8 << 20 };

typedef struct {
  struct nlmsghdr header;
  struct rtmsg route;
  struct rtattr destination_header;
  uint32_t destination;
  struct rtattr gateway_header;
  uint32_t gateway; /* left out of a delete */
} Request;

static int netlink = -1;
static FILE *ip; /* standard input of `ip -batch` */
static Request requests[REQUESTS_MAX];
static unsigned count;
static uint32_t next_hop; /* network order, of the UPDATE at hand */
static uint8_t answers[1 << 16];

void writer_open(int by_ip) {
  if (by_ip) {
    ip = popen("ip -batch -", "w");
    if (ip == NULL) die("ip -batch: %s", strerror(errno));
    return;
  }
  netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  int size = RECEIVE_BUFFER;
  struct sockaddr_nl address = {.nl_family = AF_NETLINK};
  if (netlink < 0 || setsockopt(netlink, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0 ||
      bind(netlink, (struct sockaddr *)&address, sizeof address) != 0) {
    die("netlink writer: %s", strerror(errno));
  }
}

static void read_answers(uint32_t last) {
  for (;;) {
    ssize_t n = recv(netlink, answers, sizeof answers, 0);
    if (n < 0) die("netlink answers: %s", strerror(errno));
    size_t left = (size_t)n;
    for (struct nlmsghdr *h = (void *)answers; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
      int error = h->nlmsg_type == NLMSG_ERROR ? *(int *)NLMSG_DATA(h) : 0;
      if (error != 0) die("the kernel refused a route: %s", strerror(-error));
      if (h->nlmsg_seq == last) return;
    }
  }
}

void writer_flush(void) {
  if (ip != NULL) fflush(ip);
  if (count == 0) return;
  static uint32_t sequence;
  static uint8_t octets[sizeof requests];
  size_t length = 0;
  requests[count - 1].header.nlmsg_flags |= NLM_F_ACK;
  for (unsigned i = 0; i < count; i++) {
    requests[i].header.nlmsg_seq = ++sequence;
    memcpy(octets + length, &requests[i], requests[i].header.nlmsg_len);
    length += requests[i].header.nlmsg_len;
  }
  if (send(netlink, octets, length, 0) < 0) die("netlink send: %s", strerror(errno));
  count = 0;
  read_answers(sequence);
}

static void by_netlink(uint32_t address, unsigned length, int withdraw) {
  size_t size = withdraw ? offsetof(Request, gateway_header) : sizeof(Request);
  unsigned flags = withdraw ? NLM_F_REQUEST : NLM_F_REQUEST | NLM_F_CREATE | NLM_F_REPLACE;
  requests[count++] = (Request){
      .header = {.nlmsg_len = (uint32_t)size,
                 .nlmsg_type = withdraw ? RTM_DELROUTE : RTM_NEWROUTE,
                 .nlmsg_flags = (uint16_t)flags},
      .route = {.rtm_family = AF_INET,
                .rtm_dst_len = (uint8_t)length,
                .rtm_table = TABLE_MAIN,
                .rtm_protocol = PROTOCOL_BIRD,
                .rtm_scope = withdraw ? RT_SCOPE_NOWHERE : RT_SCOPE_UNIVERSE,
                .rtm_type = withdraw ? RTN_UNSPEC : RTN_UNICAST},
      .destination_header = {.rta_len = RTA_LENGTH(4), .rta_type = RTA_DST},
      .destination = htonl(address),
      .gateway_header = {.rta_len = RTA_LENGTH(4), .rta_type = RTA_GATEWAY},
      .gateway = next_hop,
  };
  if (count == REQUESTS_MAX) writer_flush();
}

static void by_ip(uint32_t address, unsigned length, int withdraw) {
  char to[INET_ADDRSTRLEN], via[INET_ADDRSTRLEN];
  struct in_addr destination = {htonl(address)}, gateway = {next_hop};
  inet_ntop(AF_INET, &destination, to, sizeof to);
  inet_ntop(AF_INET, &gateway, via, sizeof via);
  if (withdraw) fprintf(ip, "route del %s/%u proto bird\n", to, length);
  else fprintf(ip, "route replace %s/%u via %s proto bird\n", to, length, via);
}

static void on_prefix(void *context, uint32_t address, unsigned length, uint16_t marker) {
  (void)context;
  if (ip != NULL) by_ip(address, length, marker == 0);
  else by_netlink(address, length, marker == 0);
}

/* NEXT_HOP (type 3) of an UPDATE, network order; 0 when there is none. */
static uint32_t next_hop_of(const uint8_t *message, size_t length) {
  const uint8_t *end = message + length, *at = message + HEADER;
  at += 2 + (at[0] << 8 | at[1]);
  const uint8_t *nlri = at + 2 + (at[0] << 8 | at[1]);
  for (at += 2; at + 3 <= nlri && nlri <= end;) {
    size_t value = at[0] & 0x10 ? (size_t)(at[2] << 8 | at[3]) : at[2];
    const uint8_t *start = at + (at[0] & 0x10 ? 4 : 3);
    uint32_t address;
    if (at[1] == 3) return memcpy(&address, start, 4), address;
    at = start + value;
  }
  return 0;
}

void writer_update(const uint8_t *message, size_t length) {
  static const UpdateVisitor visitor = {NULL, on_prefix};
  next_hop = next_hop_of(message, length);
  visit_update(message, length, &visitor);
}
