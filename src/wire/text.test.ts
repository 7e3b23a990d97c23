/** Text of peers made safe, text of ours cut to fit. */
import { describe, expect, it } from 'vitest';
import { hex } from './testing/fixtures.ts';
import { encodeUtf8Within, fromHex, safeText, toHex } from './text.ts';

describe('text', () => {
  it('escapes overlong and surrogate UTF-8 octet by octet', () => {
    expect(safeText(hex('c0af'))).toBe('\\xc0\\xaf');
    expect(safeText(hex('e09f80'))).toBe('\\xe0\\x9f\\x80');
    expect(safeText(hex('eda080'))).toBe('\\xed\\xa0\\x80');
    expect(safeText(hex('f48fbfbf'))).toBe('\\u{10ffff}');
    expect(safeText(hex('f4908080'))).toBe('\\xf4\\x90\\x80\\x80');
    expect(safeText(hex('c3a9'))).toBe('é');
  });

  it('is cut between characters, never inside one', () => {
    expect(encodeUtf8Within('€€', 5)).toEqual(hex('e282ac'));
    expect(encodeUtf8Within('€€', 6)).toEqual(hex('e282ace282ac'));
    expect(encodeUtf8Within('', 5)).toEqual(hex(''));
  });

  it('never holds a character that acts instead of being seen', () => {
    for (let octet = 0; octet < 256; octet++)
      expect(safeText(Uint8Array.of(octet))).not.toMatch(/\p{C}/u);
  });

  it('of octets is hexadecimal and back', () => {
    expect(toHex(hex('00ff0a'))).toBe('00ff0a');
    expect(fromHex('00FF0a')).toEqual(Uint8Array.of(0, 255, 10));
    for (const bad of ['0', '0g', ' 00', '0x00']) expect(fromHex(bad)).toBeUndefined();
  });
});
