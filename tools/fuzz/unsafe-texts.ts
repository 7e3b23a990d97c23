/** What a peer may say to fool those who read it: as UTF-8, and as what is none. */

const TEXTS: readonly string[] = [
  '\u001b[2J\u001b[1;1H', // clears a terminal
  '\u009b2J', // the same with a C1 control
  '\u202etxt.exe', // the rest from right to left
  '\u2066a\u2069\u200f\u061c',
  'a\nlevel=error b',
  'a\r\u0000\u007f\b',
  '\u2028\u2029\u0085',
  '"} 1\n# HELP \\',
  '<script>',
  '\u200b\ufeff\u00ad', // nothing to see
  '\ue000\u{e0041}\uffff',
  '%s{x}`',
];

const encoder = new TextEncoder();

export const UNSAFE_TEXTS: readonly Uint8Array[] = [
  ...TEXTS.map((text) => encoder.encode(text)),
  Uint8Array.of(0xc0, 0xaf), // overlong
  Uint8Array.of(0xed, 0xa0, 0x80), // half of a pair
  Uint8Array.of(0x9b, 0xff, 0xfe, 0xe2, 0x80), // C1 alone, never UTF-8, cut off
];
