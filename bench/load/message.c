/* The four messages of RFC 4271, as far as a feed and a sink need them. */
#include "load.h"

#include <string.h>

size_t begin_message(Buffer *out, int type) {
  static const uint8_t marker[16] = {255, 255, 255, 255, 255, 255, 255, 255,
                                     255, 255, 255, 255, 255, 255, 255, 255};
  size_t start = out->length;
  put(out, marker, 16);
  put16(out, 0);
  put8(out, (unsigned)type);
  return start;
}

void end_message(Buffer *out, size_t start) {
  size_t length = out->length - start;
  out->octets[start + 16] = (uint8_t)(length >> 8);
  out->octets[start + 17] = (uint8_t)length;
}

void encode_open(Buffer *out, const Identity *identity) {
  uint32_t as = identity->as;
  size_t start = begin_message(out, OPEN);
  put8(out, 4);
  put16(out, as > 65535 ? 23456 : as);
  put16(out, 180); /* hold time: a slow rival must not lose its session to it */
  put32(out, identity->identifier);
  unsigned capabilities = identity->as4 ? 12 : 6;
  put8(out, capabilities + 2);
  put8(out, 2);
  put8(out, capabilities);
  put8(out, 1), put8(out, 4), put16(out, 1), put8(out, 0), put8(out, 1); /* IPv4 unicast */
  if (identity->as4) put8(out, 65), put8(out, 4), put32(out, as); /* RFC 6793 */
  end_message(out, start);
}

void encode_keepalive(Buffer *out) { end_message(out, begin_message(out, KEEPALIVE)); }

static uint32_t get16(const uint8_t *at) { return (uint32_t)(at[0] << 8 | at[1]); }
static uint32_t get32(const uint8_t *at) { return get16(at) << 16 | get16(at + 2); }

/* The AS of RFC 6793's capability where there is one, else of the field. */
uint32_t as_of_open(const uint8_t *message, size_t length) {
  size_t at = HEADER + 10;
  while (at + 2 <= length) {
    size_t parameter_end = at + 2 + message[at + 1];
    if (message[at] == 2) {
      for (size_t c = at + 2; c + 2 <= parameter_end && c + 6 <= length; c += 2u + message[c + 1]) {
        if (message[c] == 65 && message[c + 1] == 4) return get32(message + c + 2);
      }
    }
    at = parameter_end;
  }
  return get16(message + HEADER + 1);
}

static void visit_prefixes(const uint8_t *at, const uint8_t *end, uint16_t marker,
                           const UpdateVisitor *visitor) {
  while (at < end) {
    unsigned length = *at++;
    unsigned octets = (length + 7) / 8;
    if (length > 32 || at + octets > end) die("the daemon sent a malformed prefix");
    uint32_t address = 0;
    for (unsigned i = 0; i < octets; i++) address |= (uint32_t)at[i] << (24 - 8 * i);
    visitor->prefix(visitor->context, address, length, marker);
    at += octets;
  }
}

enum { NO_MARKER = 0xffff }; /* announced, and not by us */

/* The low half of the first community 65000:x. */
static uint16_t marker_in(const uint8_t *at, const uint8_t *end) {
  for (; at + 4 <= end; at += 4) {
    if (get16(at) == 65000) return (uint16_t)get16(at + 2);
  }
  return NO_MARKER;
}

void visit_update(const uint8_t *message, size_t length, const UpdateVisitor *visitor) {
  const uint8_t *end = message + length;
  const uint8_t *at = message + HEADER;
  uint32_t withdrawn = get16(at);
  at += 2;
  if (at + withdrawn + 2 > end) die("the daemon sent a malformed UPDATE");
  visit_prefixes(at, at + withdrawn, 0, visitor);
  at += withdrawn;
  const uint8_t *nlri = at + 2 + get16(at);
  at += 2;
  if (nlri > end) die("the daemon sent a malformed UPDATE");
  uint16_t marker = NO_MARKER;
  while (at + 3 <= nlri) {
    unsigned flags = at[0], type = at[1];
    size_t value = flags & 0x10 ? get16(at + 2) : at[2];
    at += flags & 0x10 ? 4 : 3;
    if (type == 8) marker = marker_in(at, at + value);
    at += value;
  }
  visit_prefixes(nlri, end, marker, visitor);
}
