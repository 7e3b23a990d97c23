import { describe, expect, it } from 'vitest';
import { MessageType } from './codes.ts';
import { echoFilter } from './echo-filter.ts';
import { readU16, readU32 } from './host-order.ts';
import { MESSAGE_HEADER_OCTETS, writeMessageHeader } from './message.ts';

/** Classic BPF as the kernel runs it, with the instructions that the filter uses; what it returns. */
function run(program: Uint8Array, message: Uint8Array): number {
  const view = new DataView(message.buffer);
  let a = 0;
  for (let at = 0; at < program.length; at += 8) {
    const code = readU16(program, at);
    const k = readU32(program, at + 4);
    if (code === 0x20) a = view.getUint32(k);
    else if (code === 0x28) a = view.getUint16(k);
    else if (code === 0x15) at += 8 * (a === k ? program[at + 2]! : program[at + 3]!);
    else if (code === 0x06) return k;
    else throw new Error(`no such instruction: ${code}`);
  }
  throw new Error('the program has no end');
}

function isTold(port: number, { type, from }: { type: number; from: number }): boolean {
  const message = new Uint8Array(MESSAGE_HEADER_OCTETS);
  writeMessageHeader(message, 0, { type, flags: 0, sequence: 7, length: message.length });
  new DataView(message.buffer).setUint32(12, from, true);
  return run(echoFilter(port), message) !== 0;
}

describe('The filter of the event socket', () => {
  const { NEWROUTE, DELROUTE, NEWLINK, DELADDR } = MessageType;

  it.each([1, 4242, 0xfedc_ba98])('drops routes that our own port %d asked for', (port) => {
    expect(isTold(port, { type: NEWROUTE, from: port })).toBe(false);
    expect(isTold(port, { type: DELROUTE, from: port })).toBe(false);
  });

  it('lets through what others and the kernel itself do to routes', () => {
    for (const from of [0, 1, 4241, 0x9210_0000]) {
      expect(isTold(4242, { type: NEWROUTE, from })).toBe(true);
      expect(isTold(4242, { type: DELROUTE, from })).toBe(true);
    }
  });

  it('lets through links and addresses, whoever asked for them', () => {
    for (const type of [NEWLINK, DELADDR]) expect(isTold(4242, { type, from: 4242 })).toBe(true);
  });
});
