/** RFC 8538: NOTIFICATIONs that routes survive, and those that they are not to survive. */

import { describe, expect, it } from 'vitest';
import { CeaseSubcode, ErrorCode } from '../wire/iana.ts';
import { ceaseNotification, hardReset, notification } from '../wire/notification.ts';
import { NODE_ADDRESS, type Stage, stage } from './testing/stage.ts';

const A = '10.244.1.0/26';
const V4 = 'ipv4-unicast';

/** A peer with graceful restart that has told A; both set the N bit unless told otherwise. */
function upWith(options: { theirs?: boolean; ours?: boolean; holdTime?: number } = {}): Stage {
  const { theirs = true, ours = true, holdTime = 90 } = options;
  const s = stage({
    peers: [
      { gracefulRestart: { restartTime: 60, forwarding: [V4], notification: theirs }, holdTime },
    ],
    plan: { settings: { gracefulRestartNotification: ours } },
  }).up();
  s.peer.talk.announce([A]);
  s.peer.talk.endOfRib();
  s.lab.run(100);
  expect(s.has(A)).toBe(true);
  return s;
}

const HOLD = notification(ErrorCode.HoldTimerExpired, 0);
const SHUTDOWN = ceaseNotification(CeaseSubcode.AdministrativeShutdown, 'bye');

describe('a NOTIFICATION of the peer', () => {
  it('is survived like a lost connection where both set the N bit, whatever it says', () => {
    for (const message of [HOLD, SHUTDOWN, notification(ErrorCode.Update, 3)]) {
      const s = upWith();
      s.peer.unlisten();
      s.peer.talk.notify(message);
      s.lab.run(1000);
      expect(s.paths(A)).toMatchObject([{ best: true, stale: true }]);
      s.lab.run(60_000);
      expect(s.paths(A)).toEqual([]);
    }
  });

  it('is not where it is a Hard Reset, nor where one of the two did not set the N bit', () => {
    for (const [options, message] of [
      [{}, hardReset(SHUTDOWN)],
      [{}, ceaseNotification(CeaseSubcode.HardReset)],
      [{ theirs: false }, HOLD],
      [{ ours: false }, HOLD],
    ] as const) {
      const s = upWith(options);
      s.peer.talk.notify(message);
      s.lab.run(100);
      expect(s.paths(A)).toEqual([]);
    }
  });
});

describe('a NOTIFICATION of ours', () => {
  it('for a silent peer is survived on this side too', () => {
    const s = upWith({ holdTime: 9 });
    s.peer.unlisten();
    s.peer.talk.socket.vanish();
    s.lab.run(10_000);
    expect(s.neighbor().state).not.toBe('Established');
    expect(s.paths(A)).toMatchObject([{ best: true, stale: true }]);
  });

  it('is a Hard Reset when an operator takes the session down, with what it wraps', () => {
    const s = upWith();
    const { name } = s.neighbor();
    s.node.command({ command: 'disableNeighbor', name, reason: 'maintenance' });
    s.lab.run(100);
    const wrapped = ceaseNotification(CeaseSubcode.AdministrativeShutdown, 'maintenance');
    expect(s.peer.talk.notifications).toEqual([hardReset(wrapped)]);
    expect(s.paths(A)).toEqual([]);
  });

  it.each([
    ['a reset by hand', CeaseSubcode.AdministrativeReset],
    ['a neighbor that is configured no more', CeaseSubcode.PeerDeConfigured],
  ])('is one after %s', (_what, subcode) => {
    const s = upWith();
    const { name } = s.neighbor();
    if (subcode === CeaseSubcode.AdministrativeReset) {
      s.node.command({ command: 'resetNeighbor', name, soft: false });
    } else s.apply(s.documents.filter((document) => !('peerIP' in specOf(document))));
    s.lab.run(100);
    expect(s.peer.conversations[0]!.notifications).toEqual([hardReset(ceaseNotification(subcode))]);
  });

  it('is none where the peer did not set the N bit', () => {
    const s = upWith({ theirs: false });
    s.node.command({ command: 'disableNeighbor', name: s.neighbor().name });
    s.lab.run(100);
    expect(s.peer.talk.notifications).toMatchObject([{ code: 6, subcode: 2 }]);
  });

  it('is none for what the peer did wrong: it comes back with the same routes', () => {
    const s = upWith();
    s.peer.unlisten();
    s.peer.talk.send(Uint8Array.from([...new Uint8Array(16), 0, 19, 4]));
    s.lab.run(100);
    expect(s.peer.talk.notifications).toMatchObject([{ code: 1, subcode: 1 }]);
    expect(s.paths(A)).toMatchObject([{ stale: true }]);
  });
});

describe('the F bit of a session that comes again while we never stopped', () => {
  it('says that the kernel kept the routes; the R bit is not set (RFC 4724 §3)', () => {
    const s = stage({
      peers: [{ gracefulRestart: { restartTime: 60, forwarding: [V4] }, listens: false }],
    });
    const offers = (): unknown =>
      s.peer.conversations
        .map(({ opens }) => opens[0]?.capabilities)
        .map((list) => list?.find(({ kind }) => kind === 'gracefulRestart'));
    s.peer.call(NODE_ADDRESS);
    s.up();
    s.peer.talk.socket.reset();
    s.lab.run(1000);
    s.peer.call(NODE_ADDRESS);
    s.up();
    expect(offers()).toMatchObject([
      { restarting: false, families: [{ forwarding: false }] },
      { restarting: false, families: [{ forwarding: true }] },
    ]);
  });
});

function specOf(document: object): object {
  return (document as { spec: object }).spec;
}
