/* Clock, memory, chance and growing buffers. Everything that fails ends the program: a benchmark has no second way. */
#include "load.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t cpu_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint32_t *shuffled_order(uint32_t count, uint64_t seed) {
  uint32_t *order = must_alloc((count + 1) * sizeof *order);
  uint64_t chance = seed;
  for (uint32_t i = 0; i < count; i++) order[i] = i;
  for (uint32_t i = count; i > 1; i--) {
    uint32_t j = random_u32(&chance) % i, swap = order[i - 1];
    order[i - 1] = order[j];
    order[j] = swap;
  }
  return order;
}

void die(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fprintf(stderr, "bgpload: ");
  vfprintf(stderr, format, arguments);
  fprintf(stderr, "\n");
  va_end(arguments);
  exit(1);
}

void *must_alloc(size_t size) {
  void *memory = calloc(1, size);
  if (memory == NULL) die("out of memory (%zu octets)", size);
  return memory;
}

/* splitmix64: the same table in every run and on every machine. */
uint32_t random_u32(uint64_t *state) {
  uint64_t z = (*state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return (uint32_t)((z ^ (z >> 31)) >> 32);
}

static uint8_t *room(Buffer *buffer, size_t length) {
  if (buffer->length + length > buffer->capacity) {
    size_t capacity = buffer->capacity * 2 + length + 256;
    buffer->octets = realloc(buffer->octets, capacity);
    if (buffer->octets == NULL) die("out of memory (%zu octets)", capacity);
    buffer->capacity = capacity;
  }
  uint8_t *at = buffer->octets + buffer->length;
  buffer->length += length;
  return at;
}

void put(Buffer *buffer, const void *octets, size_t length) {
  if (length > 0) memcpy(room(buffer, length), octets, length);
}
void put8(Buffer *buffer, unsigned value) { *room(buffer, 1) = (uint8_t)value; }
void put16(Buffer *buffer, unsigned value) {
  uint8_t *at = room(buffer, 2);
  at[0] = (uint8_t)(value >> 8);
  at[1] = (uint8_t)value;
}
void put32(Buffer *buffer, uint32_t value) {
  put16(buffer, value >> 16);
  put16(buffer, value & 0xffff);
}
