/*
 * ipip-standin: IP-in-IP (RFC 2003) for kernels that were built without it.
 *
 * A TUN device with the name tunl0 stands where the kernel's tunnel device would. What the kernel
 * routes into it leaves as real IP protocol 4 packets for the gateway of the route
 * ("10.244.3.0/26 via 10.10.2.13 dev tunl0 onlink"); protocol 4 packets that arrive are unwrapped
 * and handed back to the kernel. For demonstrations and tests only: no part of the daemon, which
 * neither starts nor needs it, and it goes on when the daemon dies, as the kernel's device would.
 *
 * Usage: ipip-standin LOCAL-ADDRESS DEVICE [PEER]      LOCAL-ADDRESS: source of the outer header
 * Who may not open /dev/net/tun (an ordinary user on some systems, also inside a user namespace)
 * makes a veth pair instead, DEVICE with ARP off, and names its other end as PEER.
 * It prints one line when it is ready and its counters when SIGTERM ends it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { OUTER = sizeof(struct iphdr), PACKET_MAX = 65535, BURST_MAX = 64 };

static int tun_fd, raw_fd, route_fd;
static struct sockaddr_ll veth; /* all zero with TUN */
static unsigned tun_index;
static struct in_addr local_address;
static unsigned long sent, received, no_route, refused;
static volatile sig_atomic_t stopping;

static void on_signal(int number) { (void)number; stopping = 1; }

static void die(const char *what) {
  fprintf(stderr, "ipip-standin: %s: %s\n", what, strerror(errno));
  exit(1);
}

static int open_tun(const char *name) {
  struct ifreq request = { .ifr_flags = IFF_TUN | IFF_NO_PI };
  int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) die("cannot open /dev/net/tun");
  snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
  if (ioctl(fd, TUNSETIFF, &request) < 0) die("cannot create the TUN device (CAP_NET_ADMIN?)");
  return fd;
}

/* The far end of a veth pair as our device: whole IP packets, the link's header left to the kernel. */
static int open_veth(const char *device, const char *peer) {
  const int on = 1;
  const unsigned off[] = { ETHTOOL_STXCSUM, ETHTOOL_STSO, ETHTOOL_SGSO };
  struct ifreq request = { 0 };
  int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) die("cannot open a packet socket (CAP_NET_RAW?)");
  snprintf(request.ifr_name, sizeof request.ifr_name, "%s", device);
  /* veth leaves checksums and segments to be finished by hardware that is not there: finish them. */
  for (size_t i = 0; i < sizeof off / sizeof *off; i++) {
    struct ethtool_value value = { .cmd = off[i], .data = 0 };
    request.ifr_data = (void *)&value;
    if (ioctl(fd, SIOCETHTOOL, &request) < 0) die("cannot turn the device's offloads off");
  }
  if (ioctl(fd, SIOCGIFHWADDR, &request) < 0) die("cannot read the device's address");
  veth.sll_family = AF_PACKET;
  veth.sll_protocol = htons(ETH_P_IP);
  veth.sll_halen = ETH_ALEN;
  memcpy(veth.sll_addr, request.ifr_hwaddr.sa_data, ETH_ALEN);
  if ((veth.sll_ifindex = (int)if_nametoindex(peer)) == 0) die("no such peer device");
  if (setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on) < 0) die("packet socket");
  if (bind(fd, (struct sockaddr *)&veth, sizeof veth) < 0) die("cannot bind to the peer device");
  return fd;
}

static ssize_t to_kernel(const void *packet, size_t length) {
  if (veth.sll_ifindex == 0) return write(tun_fd, packet, length);
  return sendto(tun_fd, packet, length, 0, (struct sockaddr *)&veth, sizeof veth);
}

/*
 * The gateway of the route to `inner` that leaves through our device: the outer destination.
 * Asked of the kernel for each packet, so that a route that changes is obeyed at once.
 */
static int gateway_of(struct in_addr inner, struct in_addr *gateway) {
  static unsigned sequence;
  struct {
    struct nlmsghdr header;
    struct rtmsg route;
    struct rtattr dst_head;
    struct in_addr dst;
    struct rtattr oif_head;
    unsigned oif;
  } ask = {
    .header = { .nlmsg_len = sizeof ask, .nlmsg_type = RTM_GETROUTE, .nlmsg_flags = NLM_F_REQUEST,
                .nlmsg_seq = ++sequence },
    .route = { .rtm_family = AF_INET, .rtm_dst_len = 32 },
    .dst_head = { .rta_len = RTA_LENGTH(4), .rta_type = RTA_DST }, .dst = inner,
    .oif_head = { .rta_len = RTA_LENGTH(4), .rta_type = RTA_OIF }, .oif = tun_index,
  };
  char answer[4096] __attribute__((aligned(NLMSG_ALIGNTO)));
  if (send(route_fd, &ask, sizeof ask, 0) < 0) return -1;
  for (;;) {
    ssize_t length = recv(route_fd, answer, sizeof answer, 0);
    if (length < (ssize_t)NLMSG_HDRLEN) return -1;
    struct nlmsghdr *header = (struct nlmsghdr *)answer;
    if (!NLMSG_OK(header, (size_t)length)) return -1;
    if (header->nlmsg_seq != sequence) continue; /* the answer to a question given up before */
    if (header->nlmsg_type != RTM_NEWROUTE) return -1;
    struct rtmsg *route = NLMSG_DATA(header);
    int left = RTM_PAYLOAD(header);
    for (struct rtattr *a = RTM_RTA(route); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
      if (a->rta_type != RTA_GATEWAY || RTA_PAYLOAD(a) != 4) continue;
      memcpy(gateway, RTA_DATA(a), 4);
      return 0;
    }
    return -1; /* on-link: there is no other end to send to */
  }
}

/* RFC 2003 section 3.1: the outer header; TOS and Don't Fragment are those of the inner one. */
static void encapsulate(unsigned char *packet, size_t length) {
  struct iphdr *inner = (struct iphdr *)(packet + OUTER), *outer = (struct iphdr *)packet;
  struct sockaddr_in to = { .sin_family = AF_INET };
  if (length < sizeof *inner || inner->version != 4) return; /* IPv6 router solicitations and such */
  if (gateway_of((struct in_addr){ inner->daddr }, &to.sin_addr) < 0) { no_route++; return; }
  /* RFC 2003 section 4.3: a packet that would come back to us must not be wrapped again. */
  if (to.sin_addr.s_addr == local_address.s_addr) { refused++; return; }
  memset(outer, 0, sizeof *outer); /* identification and checksum 0: the kernel fills them in */
  outer->version = 4;
  outer->ihl = OUTER / 4;
  outer->tos = inner->tos;
  outer->tot_len = htons((unsigned short)(OUTER + length));
  outer->frag_off = inner->frag_off & htons(IP_DF);
  outer->ttl = 64;
  outer->protocol = IPPROTO_IPIP;
  outer->saddr = local_address.s_addr;
  outer->daddr = to.sin_addr.s_addr;
  if (sendto(raw_fd, packet, OUTER + length, 0, (struct sockaddr *)&to, sizeof to) < 0) refused++;
  else sent++;
}

/* RFC 2003 section 3.2: what is inside is an IPv4 packet of its own; anything else is dropped. */
static void decapsulate(unsigned char *packet, size_t length) {
  struct iphdr *outer = (struct iphdr *)packet, *inner;
  size_t head = length >= OUTER ? (size_t)outer->ihl * 4 : 0;
  if (head < OUTER || length < head + sizeof *inner) { refused++; return; }
  if (outer->daddr != local_address.s_addr) { refused++; return; }
  inner = (struct iphdr *)(packet + head);
  size_t inside = length - head;
  if (inner->version != 4 || ntohs(inner->tot_len) > inside) { refused++; return; }
  if (to_kernel(inner, ntohs(inner->tot_len)) < 0) refused++;
  else received++;
}

int main(int argc, char **argv) {
  const int on = 1;
  /* Static and int-aligned: headers are read in place; 20 octets of room before what TUN gives. */
  static unsigned char packet[OUTER + PACKET_MAX + 1] __attribute__((aligned(8)));
  if (argc < 3 || argc > 4 || inet_pton(AF_INET, argv[1], &local_address) != 1) {
    fprintf(stderr, "usage: ipip-standin LOCAL-ADDRESS DEVICE [PEER]\n");
    return 64;
  }
  const char *name = argv[2];
  struct sigaction action = { .sa_handler = on_signal };
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGINT, &action, NULL);
  tun_fd = argc > 3 ? open_veth(name, argv[3]) : open_tun(name);
  if ((tun_index = if_nametoindex(name)) == 0) die("the device vanished");
  raw_fd = socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_IPIP);
  if (raw_fd < 0) die("cannot open a raw socket (CAP_NET_RAW?)");
  if (setsockopt(raw_fd, IPPROTO_IP, IP_HDRINCL, &on, sizeof on) < 0) die("IP_HDRINCL");
  route_fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (route_fd < 0) die("cannot open a netlink socket");
  printf("ipip-standin: %s ready, outer source %s\n", name, argv[1]);
  fflush(stdout);

  struct pollfd fds[2] = { { .fd = tun_fd, .events = POLLIN }, { .fd = raw_fd, .events = POLLIN } };
  while (!stopping) {
    if (poll(fds, 2, -1) < 0 && errno != EINTR) die("poll");
    if (stopping) break;
    ssize_t length;
    /* POLLERR too: a pending ICMP error of the raw socket is cleared by reading it. */
    for (int i = 0; fds[0].revents && i < BURST_MAX; i++) {
      if ((length = read(tun_fd, packet + OUTER, PACKET_MAX - OUTER)) <= 0) break;
      encapsulate(packet, (size_t)length);
    }
    if (fds[0].revents & POLLERR && !(fds[0].revents & POLLIN)) usleep(100000); /* device is down */
    for (int i = 0; fds[1].revents && i < BURST_MAX; i++) {
      if ((length = recv(raw_fd, packet, PACKET_MAX, 0)) <= 0) break;
      decapsulate(packet, (size_t)length);
    }
  }
  printf("ipip-standin: sent %lu, received %lu, no route %lu, refused %lu\n", sent, received,
         no_route, refused);
  return 0;
}
