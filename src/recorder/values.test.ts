/** Values as lines of JSON and back; secrets stay outside. */

import { describe, expect, it } from 'vitest';
import { decodeValue, digestOfText, encodeValue, Placeholders } from './values.ts';

describe('a value of a recording', () => {
  it('comes back as it was: octets, errnos, numbers to the last bit', () => {
    const value = {
      type: 'kernelAck',
      at: 1234.5678901234567,
      octets: Uint8Array.of(0, 255, 16),
      empty: new Uint8Array(0),
      errnos: Int32Array.of(0, -17),
      list: [1, 'two', { three: true }],
    };
    expect(decodeValue(encodeValue(value))).toEqual(value);
  });

  it('is the octets of a view and no others, also where they are a Buffer', () => {
    const all = Buffer.from([1, 2, 3, 4]);
    expect(encodeValue({ octets: all.subarray(1, 3) })).toBe('{"octets":{"$hex":"0203"}}');
  });

  it('never has a password in it, and has equal ones by equal names', () => {
    const placeholders = new Placeholders();
    const encode = (value: unknown): string => encodeValue(value, placeholders);
    expect(encode({ password: { value: 'swordfish' } })).toBe(
      '{"password":{"value":"password-1"}}',
    );
    expect(encode([{ password: 'hunter2' }, { password: 'swordfish' }])).toBe(
      '[{"password":"password-2"},{"password":"password-1"}]',
    );
    const missing = { password: { missing: 'Secret/a' } };
    expect(decodeValue(encode(missing))).toEqual(missing);
    // What has been hidden once stays what it is: a replay gives the same digests.
    expect(new Placeholders().of('password-1')).toBe('password-1');
  });
});

describe('a digest', () => {
  it('is another one for another text, also past the ASCII', () => {
    const texts = ['', 'a', 'b', 'ab', 'ä', `${'a'.repeat(1000)}b`, `${'a'.repeat(1000)}c`];
    expect(new Set(texts.map(digestOfText)).size).toBe(texts.length);
    expect(digestOfText('godwit')).toMatch(/^[0-9a-f]{16}$/);
  });
});
