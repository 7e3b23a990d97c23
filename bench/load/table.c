/*
 * The prefixes: 66 % /24, the rest /16 to /23 as in the Internet's table, in sets of about six that share their
 * attributes; in ascending order for each length, or scattered over the address space. Deterministic.
 */
#include "load.h"

#include <stdlib.h>

static unsigned length_for(uint32_t roll) { /* 0–999 */
  if (roll < 660) return 24;
  if (roll < 760) return 22;
  if (roll < 850) return 23;
  if (roll < 910) return 21;
  if (roll < 955) return 20;
  if (roll < 980) return 19;
  if (roll < 990) return 18;
  if (roll < 995) return 17;
  return 16;
}

static uint32_t hash_of(uint32_t address, unsigned length) {
  uint64_t key = ((uint64_t)address << 6 | length) * 0x9e3779b97f4a7c15u;
  return (uint32_t)(key >> 32);
}

static void make_prefixes(Table *table, int fixed_length, int scattered, uint64_t *chance) {
  uint32_t next[33] = {0};
  for (uint32_t i = 0; i < table->count; i++) {
    unsigned length = fixed_length ? (unsigned)fixed_length : length_for(random_u32(chance) % 1000);
    uint32_t address = (20u << 24) + (next[length]++ << (32 - length));
    table->prefixes[i] = (Prefix){address, (uint8_t)length};
  }
  if (!scattered) return;
  for (uint32_t i = table->count; i > 1; i--) {
    uint32_t j = random_u32(chance) % i;
    Prefix swap = table->prefixes[i - 1];
    table->prefixes[i - 1] = table->prefixes[j];
    table->prefixes[j] = swap;
  }
}

static void make_index(Table *table) {
  uint32_t count = table->count;
  uint32_t size = 1024;
  while (size < count * 2) size *= 2;
  table->mask = size - 1;
  table->slots = must_alloc(size * sizeof(uint32_t));
  for (uint32_t i = 0; i < count; i++) {
    uint32_t slot = hash_of(table->prefixes[i].address, table->prefixes[i].length) & table->mask;
    while (table->slots[slot] != 0) slot = (slot + 1) & table->mask;
    table->slots[slot] = i + 1;
  }
}

void table_make(Table *table, const Shape *shape) {
  uint64_t chance = 8231;
  uint32_t count = shape->count, set_size = shape->set_size;
  table->count = count;
  table->prefixes = must_alloc(count * sizeof(Prefix));
  make_prefixes(table, shape->length, shape->scattered, &chance);
  table->set_start = must_alloc((count + 2) * sizeof(uint32_t));
  for (uint32_t at = 0; at < count; at += set_size ? set_size : 1 + random_u32(&chance) % 11) {
    table->set_start[table->sets++] = at;
  }
  table->set_start[table->sets] = count;
  make_index(table);
}

void table_read(Table *table, const char *path) {
  Buffer file = {0};
  read_file(path, &file);
  table->count = (uint32_t)(file.length / 5);
  table->prefixes = must_alloc((table->count + 1) * sizeof(Prefix));
  for (uint32_t i = 0; i < table->count; i++) {
    const uint8_t *at = file.octets + (size_t)i * 5;
    uint32_t address = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    table->prefixes[i] = (Prefix){address, at[4]};
  }
  free(file.octets);
  table->set_start = must_alloc(2 * sizeof(uint32_t));
  table->sets = 1;
  table->set_start[1] = table->count;
  make_index(table);
}

int32_t table_find(const Table *table, uint32_t address, unsigned length) {
  uint32_t slot = hash_of(address, length) & table->mask;
  for (; table->slots[slot] != 0; slot = (slot + 1) & table->mask) {
    const Prefix *prefix = &table->prefixes[table->slots[slot] - 1];
    if (prefix->address == address && prefix->length == length) return (int32_t)(table->slots[slot] - 1);
  }
  return -1;
}

/* Sets are dealt out in turn: with slices the feed that has one, without the feed whose path is shortest. */
uint32_t best_feed(uint32_t set, uint32_t feeds, int ties) {
  return ties && set % 2 == 0 ? 0 : set % feeds; /* the lowest router id is the first feed's */
}

uint16_t marker_of(const Feed *feed, unsigned generation) {
  return (uint16_t)(generation << 12 | (feed->index + 1));
}

static void put_attributes(const Feed *feed, uint32_t set, unsigned generation, Buffer *out) {
  put8(out, 0x40), put8(out, 1), put8(out, 1), put8(out, 0); /* ORIGIN IGP */
  unsigned hops = feed->internal ? 0 : 2 + set % 3;
  int is_best = best_feed(set, feed->count, feed->ties) == feed->index;
  /* Among several feeds the best one's path is a hop shorter. */
  if (!feed->internal && !feed->sliced && !feed->ties && !is_best) hops++;
  uint32_t med = feed->ties ? (set % 2 == 0 || is_best ? 10 : 20) : generation;
  unsigned path = feed->internal ? 0 : hops + 1;
  put8(out, 0x40), put8(out, 2), put8(out, path == 0 ? 0 : 2 + path * 4);
  if (path > 0) {
    put8(out, 2), put8(out, path);
    put32(out, feed->as);
    for (unsigned i = 0; i < hops; i++) put32(out, 100000 + set * 7 % 60000 + i * 1000000);
  }
  put8(out, 0x40), put8(out, 3), put8(out, 4), put32(out, feed->next_hop);
  put8(out, 0x80), put8(out, 4), put8(out, 4), put32(out, med);
  if (feed->internal) put8(out, 0x40), put8(out, 5), put8(out, 4), put32(out, 100);
  put8(out, 0xc0), put8(out, 8), put8(out, 12);
  put32(out, 65000u << 16 | marker_of(feed, generation));
  put32(out, 64999u << 16 | (set & 0xffff));
  put32(out, 64998u << 16 | (set >> 16));
}

static void put_prefix(const Prefix *prefix, Buffer *out) {
  put8(out, prefix->length);
  for (unsigned i = 0; i < (prefix->length + 7u) / 8; i++) put8(out, prefix->address >> (24 - 8 * i) & 255);
}

static void patch16(Buffer *out, size_t at) {
  size_t length = out->length - at - 2;
  out->octets[at] = (uint8_t)(length >> 8);
  out->octets[at + 1] = (uint8_t)length;
}

static int is_own(const Feed *feed, uint32_t set) {
  return !feed->sliced || best_feed(set, feed->count, 0) == feed->index;
}

void encode_announcements(const Table *table, const Feed *feed, unsigned generation, Buffer *out) {
  uint32_t *order = feed->shuffled ? shuffled_order(table->sets, feed->index + 1) : NULL;
  for (uint32_t n = 0; n < table->sets; n++) {
    uint32_t set = order ? order[n] : n;
    if (!is_own(feed, set)) continue;
    size_t start = begin_message(out, UPDATE);
    put16(out, 0);
    size_t attributes = out->length;
    put16(out, 0);
    put_attributes(feed, set, generation, out);
    patch16(out, attributes);
    for (uint32_t i = table->set_start[set]; i < table->set_start[set + 1]; i++) {
      put_prefix(&table->prefixes[i], out);
    }
    end_message(out, start);
  }
  free(order);
}

void encode_withdrawals_in(const Prefix *prefixes, uint32_t count, Buffer *out) {
  size_t start = 0, withdrawn = 0;
  for (uint32_t i = 0; i < count; i++) {
    if (withdrawn != 0 && out->length - start > MESSAGE_MAX - 16) {
      patch16(out, withdrawn), put16(out, 0), end_message(out, start);
      withdrawn = 0;
    }
    if (withdrawn == 0) {
      start = begin_message(out, UPDATE);
      withdrawn = out->length;
      put16(out, 0);
    }
    put_prefix(&prefixes[i], out);
  }
  if (withdrawn != 0) patch16(out, withdrawn), put16(out, 0), end_message(out, start);
}

void encode_withdrawals(const Table *table, const Feed *feed, Buffer *out) {
  Prefix *own = must_alloc((table->count + 1) * sizeof *own);
  uint32_t count = 0;
  for (uint32_t set = 0; set < table->sets; set++) {
    if (!is_own(feed, set)) continue;
    for (uint32_t i = table->set_start[set]; i < table->set_start[set + 1]; i++) {
      own[count++] = table->prefixes[i];
    }
  }
  if (feed->shuffled) {
    Prefix *ordered = must_alloc((count + 1) * sizeof *ordered);
    uint32_t *order = shuffled_order(count, feed->index + 101);
    for (uint32_t i = 0; i < count; i++) ordered[i] = own[order[i]];
    free(order);
    free(own);
    own = ordered;
  }
  encode_withdrawals_in(own, count, out);
  free(own);
}

/* One more prefix, for flaps: generation 15 of set 0. */
void encode_single(const Feed *feed, const Prefix *prefix, int withdraw, Buffer *out) {
  size_t start = begin_message(out, UPDATE);
  size_t withdrawn = out->length;
  put16(out, 0);
  if (withdraw) {
    put_prefix(prefix, out);
    patch16(out, withdrawn);
    put16(out, 0);
  } else {
    size_t attributes = out->length;
    put16(out, 0);
    put_attributes(feed, 0, 15, out);
    patch16(out, attributes);
    put_prefix(prefix, out);
  }
  end_message(out, start);
}
