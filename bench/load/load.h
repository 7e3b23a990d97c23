/*
 * bgpload: the load generator, the sink and the null relay of the benchmarks.
 *
 * One process, one thread, one clock: it speaks just enough BGP-4 (RFC 4271, 4-octet AS numbers) to feed prefixes
 * into a daemon and to tell when every sink, or the kernel, holds them. Nothing here is part of the daemon.
 */
#ifndef BGPLOAD_H
#define BGPLOAD_H

#include <stddef.h>
#include <stdint.h>

/* ---- util.c ---- */
uint64_t now_ns(void);
uint64_t cpu_ns(void); /* of this process */
void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
void *must_alloc(size_t size);
uint32_t random_u32(uint64_t *state);
/* 0 to count - 1 in an order that `seed` decides. */
uint32_t *shuffled_order(uint32_t count, uint64_t seed);

typedef struct {
  uint8_t *octets;
  size_t length, capacity;
} Buffer;
void put(Buffer *buffer, const void *octets, size_t length);
void put8(Buffer *buffer, unsigned value);
void put16(Buffer *buffer, unsigned value);
void put32(Buffer *buffer, uint32_t value);

/* ---- table.c: the prefixes and what is said about them ---- */
typedef struct {
  uint32_t address; /* host order */
  uint8_t length;
} Prefix;

typedef struct {
  Prefix *prefixes;
  uint32_t count;
  uint32_t *set_start; /* sets + 1 entries: prefixes of one attribute set are neighbors */
  uint32_t sets;
  uint32_t *slots; /* open addressing: index + 1 */
  uint32_t mask;
} Table;

typedef struct {
  uint32_t count;
  int length;        /* of all prefixes; 0: as in the Internet's table */
  uint32_t set_size; /* 0: one to eleven */
  int scattered;
} Shape;
void table_make(Table *table, const Shape *shape);
/* The prefixes that are to come out, 5 octets each: address, length. One set. */
void table_read(Table *table, const char *path);
/* Index of a prefix; -1 when it is none of ours. */
int32_t table_find(const Table *table, uint32_t address, unsigned length);

typedef struct {
  uint32_t index, count; /* this feed, of so many */
  uint32_t as, next_hop;
  int internal; /* iBGP: empty AS_PATH, LOCAL_PREF */
  int sliced;   /* only its own share of the prefixes */
  int shuffled; /* sets and withdrawals in an order of its own */
  int ties;     /* all paths as long, from one AS: MED decides every other set, the router id the rest */
} Feed;

/* What `feed` marks its announcements with. */
uint16_t marker_of(const Feed *feed, unsigned generation);
/* The feed whose announcement of `set` must win, of `feeds`. */
uint32_t best_feed(uint32_t set, uint32_t feeds, int ties);
void encode_announcements(const Table *table, const Feed *feed, unsigned generation, Buffer *out);
void encode_withdrawals(const Table *table, const Feed *feed, Buffer *out);
void encode_withdrawals_in(const Prefix *prefixes, uint32_t count, Buffer *out);
void encode_single(const Feed *feed, const Prefix *prefix, int withdraw, Buffer *out);

/* ---- message.c ---- */
enum { OPEN = 1, UPDATE = 2, NOTIFICATION = 3, KEEPALIVE = 4 };
enum { HEADER = 19, MESSAGE_MAX = 4096 };
size_t begin_message(Buffer *out, int type);
void end_message(Buffer *out, size_t start);
/* `as4`: with the capability of RFC 6793. */
typedef struct {
  uint32_t as, identifier;
  int as4;
} Identity;
void encode_open(Buffer *out, const Identity *identity);
void encode_keepalive(Buffer *out);
uint32_t as_of_open(const uint8_t *message, size_t length);

typedef struct {
  void *context;
  /* marker is 0 for a withdrawal */
  void (*prefix)(void *context, uint32_t address, unsigned length, uint16_t marker);
} UpdateVisitor;
void visit_update(const uint8_t *message, size_t length, const UpdateVisitor *visitor);

/* ---- connection.c: a socket with whole messages in and buffers out ---- */
typedef struct Connection Connection;
struct Connection {
  int fd;
  int established, connecting, closed;
  uint8_t in[1 << 18];
  size_t in_length;
  Buffer control; /* OPEN, KEEPALIVE */
  size_t control_sent;
  const uint8_t *bulk; /* borrowed */
  size_t bulk_length, bulk_sent;
  int wants_write;
  uint64_t last_sent_ns;
  void *owner;
  void (*message)(Connection *connection, int type, const uint8_t *message, size_t length);
};
void connection_watch(int epoll, Connection *connection);
void connection_flush(int epoll, Connection *connection);
/* Returns 0 when the peer has closed. */
int connection_read(Connection *connection);

/* ---- monitor.c: the kernel as a sink ---- */
/* Next hops of a `moving` feed: 10.99.1.x, then 10.99.3.x, … The marker of a route is its generation. */
enum { MOVE_SHIFT = 9 };
int monitor_open(const char *netns);
void monitor_watch(int epoll, int fd, void *data);
/* Reads all that is there; the next reading is a millisecond later. */
void monitor_read(int fd, const UpdateVisitor *visitor);
/* How long epoll may wait: no longer than until the monitor is watched again, which this does when it is time. */
int monitor_rest(int epoll, int fd, void *data, int wait_ms);

/* ---- replay.c: UPDATEs from a file, and to one ---- */
void read_file(const char *path, Buffer *out);
void write_file(const char *path, const Buffer *octets);
/* Withdraws what the UPDATEs in `octets` announce. */
void encode_withdrawals_of(const Buffer *octets, Buffer *out);

/* ---- writer.c: the kernel's routes from UPDATEs, as fast as can be ---- */
void writer_open(int by_ip);
void writer_update(const uint8_t *message, size_t length);
void writer_flush(void);

/* ---- relay.c ---- */
extern int relay_writes; /* what feeds say goes to writer.c instead of sinks */
int relay_main(uint32_t listen_address, uint32_t as);

#endif
