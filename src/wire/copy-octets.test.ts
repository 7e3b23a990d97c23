/** Copies are copies, of Buffers too. */
import { expect, it } from 'vitest';
import { copyOctets } from './copy-octets.ts';

it('copyOctets gives plain octets that do not change with their source', () => {
  const source = Buffer.from([1, 2, 3, 4]);
  const copy = copyOctets(source, 1, 3);
  const cut = copyOctets(source, 2, 99);
  source.fill(0);
  expect(copy).toEqual(Uint8Array.of(2, 3));
  expect(cut).toEqual(Uint8Array.of(3, 4));
  expect(copy).not.toBeInstanceOf(Buffer);
});
