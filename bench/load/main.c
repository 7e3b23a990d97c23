/*
 * bgpload: reads one command a line, answers one JSON line each; see load.h.
 *
 *   bgpload relay ADDRESS AS
 *   bgpload writer ADDRESS AS [ip]   writes what it is told to the kernel, by rtnetlink or by `ip -batch`
 *   bgpload run TARGET PREFIXES|TABLE [option…]
 *     options: feed=ADDRESS,AS[,FILE] (FILE: the UPDATEs to send)  feed2=… (2-octet AS numbers only)  sink=ADDRESS,AS
 *              monitor=NETNS  sliced  scattered  shuffled  ties  sticky  internal  length=N  set=N  timeout=SECONDS
 *              capture (sinks keep what they are sent)  moving (each generation has another next hop)
 *   commands: connect feeds|sinks · announce GENERATION · start GENERATION, finish · withdraw · cold GENERATION
 *             flap COUNT SECONDS-AT-MOST · wait MS · quiet MS · dump FILE · quit
 *
 * Every answer has the seconds of wall time that the command took and of CPU that this program used meanwhile; most
 * say of one more prefix, 198.51.100.0/24, whether a sink holds it and since when (CLOCK_MONOTONIC).
 */
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SPEAKERS_MAX = 1024 };
static const uint64_t KEEPALIVE_NS = 30ull * 1000000000ull;
/* A call that has not led to a session is made anew: a full backlog drops what the caller believes connected. */
static const uint64_t CALL_NS = 5ull * 1000000000ull;

typedef struct {
  Connection *connection;
  uint32_t address, as;
  int is_sink;
  Feed feed;
  Buffer bulk;
  Buffer file; /* UPDATEs to send instead of generated ones */
  Buffer captured;
  int as2;
  uint64_t called_ns;
  /* Sinks: the marker held for each prefix, and how many prefixes hold what is awaited. */
  uint16_t *held;
  uint32_t matching;
  UpdateVisitor visitor;
} Speaker;

static Speaker speakers[SPEAKERS_MAX];
static unsigned speaker_count, feed_count, sink_count;
static Speaker monitor; /* the kernel, when it is the sink */
static int monitor_fd = -1;
static Table table;
static uint32_t *set_of; /* by prefix index */
static uint32_t target;
static int sliced, internal_feeds, shuffled, ties, sticky, capturing, replaying, moving;
static uint64_t timeout_ns = 300ull * 1000000000ull;
static int epoll;
/* What sinks are to hold: a generation, or nothing at 0. */
static unsigned awaited;
static Prefix flapping = {0xc6336400u, 24}; /* 198.51.100.0/24, none of the table's */
static int flap_seen = -1;
static uint64_t flap_seen_ns; /* CLOCK_MONOTONIC, when a sink was told last */
static int announce_when_up;
static uint64_t last_update_ns;

static int is_awaited(const Speaker *sink, uint32_t index, uint16_t marker) {
  if (awaited == 0 || marker == 0) return awaited == 0 && marker == 0;
  if (sink == &monitor) return !moving || marker == awaited;
  if (replaying) return 1;
  uint32_t best = best_feed(set_of[index], feed_count, ties);
  return marker == (uint16_t)(awaited << 12 | (best + 1));
}

static void on_prefix(void *context, uint32_t address, unsigned length, uint16_t marker) {
  Speaker *sink = context;
  int32_t index = table_find(&table, address, length);
  if (index < 0) {
    if (address != flapping.address || length != flapping.length) return;
    flap_seen = marker != 0;
    flap_seen_ns = now_ns();
    return;
  }
  uint16_t before = sink->held[index];
  /* Who chooses no best path has done its part once the best one has come by. */
  if (sticky && is_awaited(sink, (uint32_t)index, before)) return;
  sink->matching += (uint32_t)(is_awaited(sink, (uint32_t)index, marker) -
                               is_awaited(sink, (uint32_t)index, before));
  sink->held[index] = marker;
}

/* A new aim: counts anew what is held. */
static void await_generation(unsigned generation) {
  awaited = generation;
  for (unsigned i = 0; i <= speaker_count; i++) {
    Speaker *sink = i == speaker_count ? &monitor : &speakers[i];
    if (sink->held == NULL) continue;
    sink->matching = 0;
    for (uint32_t p = 0; p < table.count; p++) sink->matching += (uint32_t)is_awaited(sink, p, sink->held[p]);
  }
}

static int all_hold(void) {
  for (unsigned i = 0; i < speaker_count; i++) {
    if (speakers[i].held != NULL && speakers[i].matching != table.count) return 0;
  }
  return monitor.held == NULL || monitor.matching == table.count;
}

static void start_bulk(Speaker *speaker) {
  Connection *connection = speaker->connection;
  connection->bulk = speaker->bulk.octets;
  connection->bulk_length = speaker->bulk.length;
  connection->bulk_sent = 0;
}

static void on_message(Connection *connection, int type, const uint8_t *message, size_t length) {
  Speaker *speaker = connection->owner;
  if (type == OPEN) encode_keepalive(&connection->control);
  if (type == KEEPALIVE && !connection->established) {
    connection->established = 1;
    if (announce_when_up && !speaker->is_sink) start_bulk(speaker);
  }
  if (type == UPDATE && speaker->held != NULL) {
    visit_update(message, length, &speaker->visitor);
    if (capturing) put(&speaker->captured, message, length);
    last_update_ns = now_ns();
  }
  if (type == NOTIFICATION) die("NOTIFICATION %u/%u", message[HEADER], message[HEADER + 1]);
}

static void dial(Speaker *speaker) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  struct sockaddr_in from = {.sin_family = AF_INET}, to = {.sin_family = AF_INET, .sin_port = htons(179)};
  from.sin_addr.s_addr = htonl(speaker->address);
  to.sin_addr.s_addr = htonl(target);
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (fd < 0 || bind(fd, (struct sockaddr *)&from, sizeof from) != 0) die("bind: %s", strerror(errno));
  if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS) {
    die("connect: %s", strerror(errno));
  }
  Connection *connection = speaker->connection;
  connection->fd = fd;
  connection->closed = connection->established = 0;
  connection->in_length = connection->control.length = connection->control_sent = 0;
  connection->bulk_length = connection->bulk_sent = 0;
  connection->connecting = 1;
  speaker->called_ns = now_ns();
  connection->owner = speaker;
  connection->message = on_message;
  Identity identity = {speaker->as, speaker->address, !speaker->as2};
  encode_open(&connection->control, &identity);
  connection_watch(epoll, connection);
}

/* A daemon may refuse or close a first call: call again. */
static void redial(Speaker *speaker) {
  if (speaker->connection->established) die("the daemon closed an established session");
  close(speaker->connection->fd);
  dial(speaker);
}

static void on_event(Connection *connection, uint32_t events) {
  Speaker *speaker = connection->owner;
  if (connection->connecting && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP))) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return redial(speaker);
    connection->connecting = 0;
  }
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) && !connection_read(connection)) return redial(speaker);
  connection_flush(epoll, connection);
}

static void keep_alive(void) {
  static uint64_t last;
  uint64_t now = now_ns();
  if (now - last < 500000000u) return;
  last = now;
  for (unsigned i = 0; i < speaker_count; i++) {
    Connection *connection = speakers[i].connection;
    int calling = !connection->established && speakers[i].called_ns != 0;
    if (calling && now - speakers[i].called_ns > CALL_NS) redial(&speakers[i]);
    if (!connection->established || now - connection->last_sent_ns < KEEPALIVE_NS) continue;
    if (connection->control.length == 0) encode_keepalive(&connection->control);
    connection_flush(epoll, connection);
  }
}

static int await_events(struct epoll_event *events, int room, int wait_ms) {
  if (monitor_fd >= 0) wait_ms = monitor_rest(epoll, monitor_fd, &monitor, wait_ms);
  return epoll_wait(epoll, events, room, wait_ms);
}

static void turn(int wait_ms) {
  struct epoll_event events[256];
  int count = await_events(events, 256, wait_ms);
  for (int i = 0; i < count; i++) {
    if (events[i].data.ptr == &monitor) monitor_read(monitor_fd, &monitor.visitor);
    else on_event(events[i].data.ptr, events[i].events);
  }
  keep_alive();
}

static void until(int (*done)(void), const char *what) {
  uint64_t start = now_ns();
  while (!done()) {
    turn(100);
    if (now_ns() - start <= timeout_ns) continue;
    uint32_t least = table.count;
    for (unsigned i = 0; i < speaker_count; i++) {
      if (speakers[i].held != NULL && speakers[i].matching < least) least = speakers[i].matching;
    }
    if (monitor.held != NULL && monitor.matching < least) least = monitor.matching;
    die("%s: not within %llu s; the slowest sink is right in %u of %u prefixes", what,
        (unsigned long long)(timeout_ns / 1000000000), least, table.count);
  }
}

static int connect_sinks; /* which group `connect` waits for */
static int all_up(void) {
  for (unsigned i = 0; i < speaker_count; i++) {
    if (speakers[i].is_sink == connect_sinks && !speakers[i].connection->established) return 0;
  }
  return 1;
}

static void dial_group(int sinks) {
  connect_sinks = sinks;
  for (unsigned i = 0; i < speaker_count; i++) {
    if (speakers[i].is_sink == sinks && !speakers[i].connection->established) dial(&speakers[i]);
  }
}

/* A sink may hold all before a feed that lost was read to its end: cut there, its next message would be garbage. */
static int all_sent(void) {
  for (unsigned i = 0; i < speaker_count; i++) {
    const Connection *connection = speakers[i].connection;
    if (!speakers[i].is_sink && connection->bulk_sent < connection->bulk_length) return 0;
  }
  return 1;
}

static void prepare(unsigned generation) {
  until(all_sent, "what was said before is sent");
  for (unsigned i = 0; i < speaker_count; i++) {
    Speaker *speaker = &speakers[i];
    if (speaker->is_sink) continue;
    speaker->bulk.length = 0;
    if (moving && generation > 0) speaker->feed.next_hop = speaker->address + ((generation - 1) << MOVE_SHIFT);
    if (speaker->file.length > 0) {
      if (generation == 0) encode_withdrawals_of(&speaker->file, &speaker->bulk);
      else put(&speaker->bulk, speaker->file.octets, speaker->file.length);
    } else if (generation == 0) encode_withdrawals(&table, &speaker->feed, &speaker->bulk);
    else encode_announcements(&table, &speaker->feed, generation, &speaker->bulk);
  }
  await_generation(generation);
}

typedef struct {
  uint64_t wall, cpu;
} Instant;

static Instant instant(void) { return (Instant){now_ns(), cpu_ns()}; }

static double seconds_since(uint64_t then, uint64_t now) { return (double)(now - then) / 1e9; }

static void answer(const char *command, Instant start) {
  printf("{\"command\":\"%s\",\"seconds\":%.6f,\"cpu\":%.6f,\"extraSeen\":%d,\"extraSeenMs\":%.3f}\n",
         command, seconds_since(start.wall, now_ns()), seconds_since(start.cpu, cpu_ns()), flap_seen,
         (double)flap_seen_ns / 1e6);
  fflush(stdout);
}

static void send_all(void) {
  for (unsigned i = 0; i < speaker_count; i++) {
    if (speakers[i].is_sink) continue;
    start_bulk(&speakers[i]);
    connection_flush(epoll, speakers[i].connection);
  }
}

static void load(const char *command, unsigned generation) {
  prepare(generation);
  Instant start = instant();
  send_all();
  until(all_hold, command);
  answer(command, start);
}

/* Begins to announce and answers at once; the end is awaited by `finish`. */
static void begin_load(unsigned generation) {
  prepare(generation);
  Instant start = instant();
  send_all();
  answer("start", start);
}

static void finish(void) {
  Instant start = instant();
  until(all_hold, "finish");
  answer("finish", start);
}

/* Feeds call all at once and announce as soon as they are up. */
static void cold(unsigned generation) {
  prepare(generation);
  announce_when_up = 1;
  Instant start = instant();
  dial_group(0);
  until(all_hold, "cold");
  announce_when_up = 0;
  answer("cold", start);
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static int flap_wanted;
static int flap_done(void) { return flap_seen == flap_wanted; }

static void flap(unsigned count, unsigned seconds) {
  Speaker *feed = NULL;
  for (unsigned i = 0; i < speaker_count && feed == NULL; i++) if (!speakers[i].is_sink) feed = &speakers[i];
  double *us = must_alloc(2 * count * sizeof *us);
  Instant begin = instant();
  unsigned done = 0;
  for (; done < count && now_ns() - begin.wall < seconds * 1000000000ull; done++) {
    for (int withdraw = 0; withdraw < 2; withdraw++) {
      feed->bulk.length = 0;
      encode_single(&feed->feed, &flapping, withdraw, &feed->bulk);
      flap_wanted = !withdraw;
      uint64_t start = now_ns();
      start_bulk(feed);
      connection_flush(epoll, feed->connection);
      until(flap_done, "flap");
      us[withdraw * count + done] = (double)(now_ns() - start) / 1e3;
    }
  }
  qsort(us, done, sizeof *us, compare);
  qsort(us + count, done, sizeof *us, compare);
  printf("{\"command\":\"flap\",\"flaps\":%u,\"announceP50\":%.1f,\"announceP99\":%.1f,"
         "\"withdrawP50\":%.1f,\"withdrawP99\":%.1f,\"seconds\":%.6f,\"cpu\":%.6f}\n",
         done, us[done / 2], us[done * 99 / 100], us[count + done / 2], us[count + done * 99 / 100],
         seconds_since(begin.wall, now_ns()), seconds_since(begin.cpu, cpu_ns()));
  fflush(stdout);
  free(us);
}

static void wait_ms(unsigned ms) {
  Instant start = instant();
  while (now_ns() - start.wall < ms * 1000000ull) turn(10);
  answer("wait", start);
}

/* Until no sink has been told anything for so long. */
static void quiet(unsigned ms) {
  Instant start = instant();
  last_update_ns = start.wall;
  while (now_ns() - last_update_ns < ms * 1000000ull) turn(10);
  answer("quiet", start);
}

static void dump(const char *path) {
  Instant start = instant();
  for (unsigned i = 0; i < speaker_count; i++) {
    if (!speakers[i].is_sink) continue;
    write_file(path, &speakers[i].captured);
    return answer("dump", start);
  }
  die("there is no sink");
}

static void obey(const char *line) {
  char argument[200] = "";
  unsigned number = 0, seconds = 0;
  if (sscanf(line, "connect %31s", argument) == 1) {
    Instant start = instant();
    dial_group(strcmp(argument, "sinks") == 0);
    until(all_up, "connect");
    answer("connect", start);
  } else if (sscanf(line, "announce %u", &number) == 1) load("announce", number);
  else if (strncmp(line, "withdraw", 8) == 0) load("withdraw", 0);
  else if (sscanf(line, "cold %u", &number) == 1) cold(number);
  else if (sscanf(line, "flap %u %u", &number, &seconds) == 2) flap(number, seconds);
  else if (sscanf(line, "start %u", &number) == 1) begin_load(number);
  else if (strncmp(line, "finish", 6) == 0) finish();
  else if (sscanf(line, "quiet %u", &number) == 1) quiet(number);
  else if (sscanf(line, "dump %199s", argument) == 1) dump(argument);
  else if (sscanf(line, "wait %u", &number) == 1) wait_ms(number);
  else if (strncmp(line, "quit", 4) == 0) exit(0);
  else die("no such command: %s", line);
}

static uint32_t address_of(const char *text) {
  struct in_addr address;
  if (inet_pton(AF_INET, text, &address) != 1) die("not an address: %s", text);
  return ntohl(address.s_addr);
}

enum Role { FEED, FEED_AS2, SINK };

static void add_speaker(const char *text, enum Role role) {
  char address[32], path[200] = "";
  unsigned as;
  if (sscanf(text, "%31[^,],%u,%199s", address, &as, path) < 2) die("not ADDRESS,AS[,FILE]: %s", text);
  if (speaker_count == SPEAKERS_MAX) die("more than %d speakers", SPEAKERS_MAX);
  Speaker *speaker = &speakers[speaker_count++];
  speaker->address = address_of(address);
  speaker->as = as;
  speaker->is_sink = role == SINK;
  speaker->as2 = role == FEED_AS2;
  speaker->connection = must_alloc(sizeof *speaker->connection);
  if (path[0] != 0) read_file(path, &speaker->file);
  if (role == SINK) sink_count++;
  else speaker->feed.index = feed_count++;
}

static void add_monitor(const char *netns) {
  monitor_fd = monitor_open(netns);
  monitor_watch(epoll, monitor_fd, &monitor);
}

static void hold_for(Speaker *sink) {
  sink->held = must_alloc(table.count * sizeof *sink->held);
  sink->visitor = (UpdateVisitor){sink, on_prefix};
}

static void configure(int argc, char **argv) {
  unsigned length = 0, set_size = 0, seconds = 0;
  int scattered = 0;
  for (int i = 4; i < argc; i++) {
    if (strncmp(argv[i], "feed=", 5) == 0) add_speaker(argv[i] + 5, FEED);
    else if (strncmp(argv[i], "feed2=", 6) == 0) add_speaker(argv[i] + 6, FEED_AS2);
    else if (strncmp(argv[i], "sink=", 5) == 0) add_speaker(argv[i] + 5, SINK);
    else if (strncmp(argv[i], "monitor=", 8) == 0) add_monitor(argv[i] + 8);
    else if (strcmp(argv[i], "sliced") == 0) sliced = 1;
    else if (strcmp(argv[i], "scattered") == 0) scattered = 1;
    else if (strcmp(argv[i], "moving") == 0) moving = 1;
    else if (strcmp(argv[i], "internal") == 0) internal_feeds = 1;
    else if (strcmp(argv[i], "shuffled") == 0) shuffled = 1;
    else if (strcmp(argv[i], "ties") == 0) ties = 1;
    else if (strcmp(argv[i], "sticky") == 0) sticky = 1;
    else if (strcmp(argv[i], "capture") == 0) capturing = 1;
    else if (sscanf(argv[i], "length=%u", &length) == 1) continue;
    else if (sscanf(argv[i], "set=%u", &set_size) == 1) continue;
    else if (sscanf(argv[i], "timeout=%u", &seconds) == 1) timeout_ns = seconds * 1000000000ull;
    else die("no such option: %s", argv[i]);
  }
  Shape shape = {(uint32_t)strtoul(argv[3], NULL, 10), (int)length, set_size, scattered};
  replaying = shape.count == 0;
  if (replaying) table_read(&table, argv[3]);
  else table_make(&table, &shape);
  set_of = must_alloc(table.count * sizeof *set_of);
  for (uint32_t set = 0; set < table.sets; set++) {
    for (uint32_t p = table.set_start[set]; p < table.set_start[set + 1]; p++) set_of[p] = set;
  }
  for (unsigned i = 0; i < speaker_count; i++) {
    Speaker *speaker = &speakers[i];
    if (speaker->is_sink) hold_for(speaker);
    speaker->feed = (Feed){.index = speaker->feed.index, .count = feed_count, .as = speaker->as,
                           .next_hop = speaker->address, .internal = internal_feeds, .sliced = sliced,
                           .shuffled = shuffled, .ties = ties};
  }
  if (monitor_fd >= 0) hold_for(&monitor);
}

int main(int argc, char **argv) {
  if (argc == 4 && strcmp(argv[1], "relay") == 0) {
    return relay_main(address_of(argv[2]), (uint32_t)strtoul(argv[3], NULL, 10));
  }
  if (argc >= 4 && strcmp(argv[1], "writer") == 0) {
    writer_open(argc > 4 && strcmp(argv[4], "ip") == 0);
    relay_writes = 1;
    return relay_main(address_of(argv[2]), (uint32_t)strtoul(argv[3], NULL, 10));
  }
  if (argc < 4 || strcmp(argv[1], "run") != 0) die("usage: bgpload relay ADDRESS AS | run TARGET PREFIXES …");
  epoll = epoll_create1(EPOLL_CLOEXEC);
  target = address_of(argv[2]);
  configure(argc, argv);
  printf("{\"command\":\"ready\",\"prefixes\":%u,\"sets\":%u}\n", table.count, table.sets);
  fflush(stdout);
  /* Sessions are kept alive while the next command is awaited. */
  char line[256];
  size_t length = 0;
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
  epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event);
  for (;;) {
    struct epoll_event events[64];
    int count = await_events(events, 64, 1000);
    for (int i = 0; i < count; i++) {
      if (events[i].data.ptr == &monitor) monitor_read(monitor_fd, &monitor.visitor);
      else if (events[i].data.ptr != NULL) on_event(events[i].data.ptr, events[i].events);
      else {
        ssize_t n = read(STDIN_FILENO, line + length, 1);
        if (n <= 0) return 0;
        length += (size_t)n;
        if (line[length - 1] != '\n' && length < sizeof line - 1) continue;
        line[length - 1] = 0;
        length = 0;
        epoll_ctl(epoll, EPOLL_CTL_DEL, STDIN_FILENO, NULL);
        obey(line);
        epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event);
      }
    }
    keep_alive();
  }
}
