import { describe, expect, it } from 'vitest';
import { decodeAcknowledgement, MessageCursor } from './message.ts';

const octets = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(/\s/g, ''), 'hex'));

function first(hex: string): MessageCursor {
  const message = new MessageCursor().reset(octets(hex), octets(hex).length);
  expect(message.next()).toBe(true);
  return message;
}

/** Linux 6.18's answer to a route through a gateway that no subnet covers. */
const REFUSED = `
  44000000 0200 0003 05000000 3f4e0000      length 68, NLMSG_ERROR, CAPPED|ACK_TLVS, sequence, port
  9bffffff                                  -ENETUNREACH
  44000000 1800 0506 05000000 00000000      the request's header only
  20000100 4e657874686f702068617320696e76616c6964206761746577617900`.replaceAll(
  / {4,}[a-zN-].*/g,
  '',
);

describe('nlmsghdr', () => {
  it('is walked message by message', () => {
    const hex =
      '14000000 0300 0200 07000000 3f4e0000 00000000  10000000 1000 0200 08000000 00000000';
    const message = new MessageCursor().reset(octets(hex), 36);
    const seen: number[][] = [];
    while (message.next()) {
      seen.push([
        message.type,
        message.flags,
        message.sequence,
        message.portId,
        message.end - message.start,
      ]);
    }
    expect(seen).toEqual([
      [3, 2, 7, 0x4e3f, 4],
      [16, 2, 8, 0, 0],
    ]);
  });

  it('ends the walk where it claims more than was received, or less than itself', () => {
    for (const length of ['15000000', '0f000000', 'ffffffff']) {
      const hex = `${length} 0300 0200 07000000 3f4e0000 00000000`;
      expect(new MessageCursor().reset(octets(hex), 20).next()).toBe(false);
    }
  });
});

describe('NLMSG_ERROR', () => {
  it('says the errno, whose request it was, and the kernel’s own words', () => {
    expect(decodeAcknowledgement(first(REFUSED))).toEqual({
      sequence: 5,
      errno: 101,
      text: 'Nexthop has invalid gateway',
    });
  });

  it('is success with errno 0', () => {
    const hex =
      '24000000 0200 0001 09000000 3f4e0000 00000000 14000000 1900 0500 09000000 00000000';
    expect(decodeAcknowledgement(first(hex))).toEqual({ sequence: 9, errno: 0 });
  });

  it('is read past a request that is echoed whole', () => {
    const hex = `
      38000000 0200 0002 09000000 00000000 efffffff
      18000000 1800 0500 09000000 00000000 aabbccdd eeff0011
      0c000100 68656c6c 6f000000`;
    expect(decodeAcknowledgement(first(hex))).toEqual({ sequence: 9, errno: 17, text: 'hello' });
  });

  it('keeps its errno when the echoed request has an impossible length', () => {
    const hex = `
      2c000000 0200 0002 09000000 00000000 efffffff
      fdffffff 1800 0500 09000000 00000000 0c000100 68656c6c`;
    expect(decodeAcknowledgement(first(hex))).toEqual({ sequence: 9, errno: 17 });
  });

  it('says nothing when it is too short; an NLMSG_DONE without errno is success', () => {
    expect(decodeAcknowledgement(first('10000000 0200 0000 09000000 00000000'))).toBeUndefined();
    const done = first('10000000 0300 0200 09000000 00000000');
    expect(decodeAcknowledgement(done)).toEqual({ sequence: 9, errno: 0 });
  });
});
