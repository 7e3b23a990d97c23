import { describe, expect, it } from 'vitest';
import { type KernelVisitor, visitKernelMessages } from './events.ts';

const octets = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(/\s|#.*/g, ''), 'hex'));

function visit(hex: string): string[] {
  const seen: string[] = [];
  const visitor: KernelVisitor = {
    onLink: (change, { name }) => seen.push(`link ${change} ${name}`),
    onAddress: (change, { address }) => seen.push(`address ${change} ${address}`),
    onRoute: ({ change, portId }) => seen.push(`route ${change} by ${portId}`),
  };
  visitKernelMessages(octets(hex), octets(hex).length, visitor);
  return seen;
}

describe('Kernel messages', () => {
  it('go to the method that is for them, in order, and unknown ones are passed over', () => {
    expect(
      visit(`
        28000000 1000 0000 00000000 00000000  00 00 0100 02000000 43100100 00000000  07000300 76310000
        28000000 1100 0000 00000000 00000000  00 00 0100 02000000 43100100 00000000  07000300 76310000
        14000000 4400 0000 00000000 00000000  00000000
        20000000 1400 0000 00000000 00000000  02 18 80 00 03000000  08000200 0a070001
        20000000 1500 0000 00000000 00000000  02 18 80 00 03000000  08000200 0a070001
        1c000000 1800 0000 00000000 2a000000  02 00 00 00 fe 0c 00 01 00000000
        1c000000 1900 0000 00000000 00000000  02 00 00 00 fe 0c 00 01 00000000`),
    ).toEqual([
      'link set v1',
      'link removed v1',
      'address set 10.7.0.1',
      'address removed 10.7.0.1',
      'route set by 42',
      'route removed by 0',
    ]);
  });
});
