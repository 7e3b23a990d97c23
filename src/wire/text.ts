/**
 * Peer-controlled octets as text that is safe to show: in a log line, a terminal, a label or a web page.
 *
 * Control characters, line ends, direction overrides and broken UTF-8 come out as escapes, so that what a peer
 * says can never end a line, move a cursor or pretend to be text of ours.
 */

/** UTF-8 `octets` as one line of printable text; anything else is escaped as `\xNN` or `\u{N}`. */
export function safeText(octets: Uint8Array): string {
  let text = '';
  let at = 0;
  while (at < octets.length) {
    const length = sequenceLength(octets, at);
    if (length === 0) {
      text += `\\x${hexOctet(octets[at]!)}`;
      at++;
      continue;
    }
    text += escapeCharacter(codePoint(octets, at, length));
    at += length;
  }
  return text;
}

/** `text` as UTF-8 of at most `lengthMax` octets, cut between characters, never inside one. */
export function encodeUtf8Within(text: string, lengthMax: number): Uint8Array {
  const octets = new Uint8Array(lengthMax);
  const { written } = new TextEncoder().encodeInto(text, octets);
  return octets.slice(0, written);
}

/** Lower-case hexadecimal, two digits an octet, no separators. */
export function toHex(octets: Uint8Array): string {
  let text = '';
  for (const octet of octets) text += hexOctet(octet);
  return text;
}

/** The inverse of `toHex`; undefined when `text` is not an even number of hexadecimal digits. */
export function fromHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) return undefined;
  const octets = new Uint8Array(text.length / 2);
  for (let i = 0; i < octets.length; i++) {
    octets[i] = Number.parseInt(text.slice(i * 2, i * 2 + 2), 16);
  }
  return octets;
}

function hexOctet(octet: number): string {
  return octet.toString(16).padStart(2, '0');
}

function escapeCharacter(point: number): string {
  if (point === 0x5c) return '\\\\';
  const character = String.fromCodePoint(point);
  // Cc, Cf, Zl, Zp, unassigned and private: whatever could act instead of being seen.
  return /[\p{C}\p{Zl}\p{Zp}]/u.test(character) ? `\\u{${point.toString(16)}}` : character;
}

/** Octets of the well-formed UTF-8 sequence at `at`; 0 when there is none (RFC 3629 §4). */
function sequenceLength(octets: Uint8Array, at: number): number {
  const lead = octets[at]!;
  if (lead < 0x80) return 1;
  const length =
    lead >= 0xc2 && lead < 0xe0
      ? 2
      : lead >= 0xe0 && lead < 0xf0
        ? 3
        : lead >= 0xf0 && lead < 0xf5
          ? 4
          : 0;
  if (length === 0 || at + length > octets.length) return 0;
  for (let i = 1; i < length; i++) if ((octets[at + i]! & 0xc0) !== 0x80) return 0;
  const second = octets[at + 1]!;
  // Overlong forms, surrogates and values above U+10FFFF are not characters.
  if ((lead === 0xe0 && second < 0xa0) || (lead === 0xed && second > 0x9f)) return 0;
  if ((lead === 0xf0 && second < 0x90) || (lead === 0xf4 && second > 0x8f)) return 0;
  return length;
}

function codePoint(octets: Uint8Array, at: number, length: number): number {
  if (length === 1) return octets[at]!;
  let point = octets[at]! & (0xff >> (length + 1));
  for (let i = 1; i < length; i++) point = (point << 6) | (octets[at + i]! & 0x3f);
  return point;
}
