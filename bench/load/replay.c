/* A real table: UPDATEs that a file holds are sent as they are, and what a sink receives is kept for a look at it. */
#include "load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void read_file(const char *path, Buffer *out) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) die("%s: %s", path, strerror(errno));
  static uint8_t octets[1 << 16];
  size_t n;
  while ((n = fread(octets, 1, sizeof octets, file)) > 0) put(out, octets, n);
  if (ferror(file)) die("%s: %s", path, strerror(errno));
  fclose(file);
}

void write_file(const char *path, const Buffer *octets) {
  FILE *file = fopen(path, "wb");
  if (file == NULL) die("%s: %s", path, strerror(errno));
  size_t written = fwrite(octets->octets, 1, octets->length, file);
  if (fclose(file) != 0 || written != octets->length) die("%s: %s", path, strerror(errno));
}

typedef struct {
  Prefix *prefixes;
  uint32_t count, capacity;
} List;

static void note(void *context, uint32_t address, unsigned length, uint16_t marker) {
  List *list = context;
  if (marker == 0) return; /* withdrawn already */
  if (list->count == list->capacity) {
    list->capacity = list->capacity * 2 + 1024;
    list->prefixes = realloc(list->prefixes, list->capacity * sizeof(Prefix));
    if (list->prefixes == NULL) die("out of memory");
  }
  list->prefixes[list->count++] = (Prefix){address, (uint8_t)length};
}

void encode_withdrawals_of(const Buffer *octets, Buffer *out) {
  List list = {0};
  UpdateVisitor visitor = {&list, note};
  for (size_t at = 0; at + HEADER <= octets->length;) {
    const uint8_t *message = octets->octets + at;
    size_t length = (size_t)(message[16] << 8 | message[17]);
    if (length < HEADER + 4 || at + length > octets->length) die("the file holds no UPDATE at %zu", at);
    visit_update(message, length, &visitor);
    at += length;
  }
  encode_withdrawals_in(list.prefixes, list.count, out);
  free(list.prefixes);
}
