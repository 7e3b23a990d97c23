/*
 * proto4-dump: what `tcpdump -nn -l -t -i DEVICE ip proto 4` prints, for where tcpdump cannot run.
 *
 * Inside an ordinary user's namespace tcpdump insists on changing its groups, which is forbidden
 * there. One line a packet of IP protocol 4, both directions; SIGINT ends it with the number of
 * packets that the kernel had to drop. For the fabric's check only.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static volatile sig_atomic_t stopping;

static void on_signal(int number) { (void)number; stopping = 1; }

static void die(const char *what) {
  fprintf(stderr, "proto4-dump: %s: %s\n", what, strerror(errno));
  exit(1);
}

int main(int argc, char **argv) {
  struct sockaddr_ll device = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
  struct sigaction action = { .sa_handler = on_signal }; /* no SA_RESTART: recv must return */
  struct tpacket_stats counters;
  socklen_t size = sizeof counters;
  char packet[128] __attribute__((aligned(8))), from[INET_ADDRSTRLEN], to[INET_ADDRSTRLEN];
  if (argc != 2) {
    fprintf(stderr, "usage: proto4-dump DEVICE\n");
    return 64;
  }
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) die("cannot open a packet socket (CAP_NET_RAW?)");
  if ((device.sll_ifindex = (int)if_nametoindex(argv[1])) == 0) die("no such device");
  if (bind(fd, (struct sockaddr *)&device, sizeof device) < 0) die("cannot bind to the device");
  setvbuf(stdout, NULL, _IOLBF, 0);
  printf("listening on %s\n", argv[1]);
  while (!stopping) {
    struct sockaddr_ll sender;
    socklen_t sender_size = sizeof sender;
    ssize_t length =
      recvfrom(fd, packet, sizeof packet, 0, (struct sockaddr *)&sender, &sender_size);
    const struct iphdr *header = (const struct iphdr *)packet;
    if (length < 0 && errno != EINTR) die("recv");
    if (length < (ssize_t)sizeof *header || sender.sll_protocol != htons(ETH_P_IP)) continue;
    if (header->version != 4 || header->protocol != IPPROTO_IPIP) continue;
    inet_ntop(AF_INET, &header->saddr, from, sizeof from);
    inet_ntop(AF_INET, &header->daddr, to, sizeof to);
    printf("IP %s > %s: IP (inside not shown)\n", from, to);
  }
  if (getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &counters, &size) < 0) die("statistics");
  printf("%u packets dropped by kernel\n", counters.tp_drops);
  return 0;
}
