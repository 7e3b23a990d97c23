/** Who calls, and what a listener that cannot be opened means. */

import { describe, expect, it } from 'vitest';
import { ip } from '../net/ip-address.ts';
import { NODE_ADDRESS, peerDocument, stage } from './testing/stage.ts';

describe('a caller that is no neighbor', () => {
  it('is hung up on without a word, counted, and named with what to do', () => {
    const s = stage({ peers: [{ configured: false, automatic: false }] });
    s.peer.call(NODE_ADDRESS);
    s.lab.run(100);
    expect(s.peer.talk).toMatchObject({ ended: 'closed', opens: [], notifications: [] });
    expect(s.reasons('unknown-caller')).toEqual([
      'no neighbor has this address; add a BGPPeer with this peerIP if it should be one',
    ]);
    expect(s.node.view.status().unknownCallers).toMatchObject([{ address: '10.0.0.11', count: 1 }]);
  });

  it('that calls a hundred times is one event and one line with a count', () => {
    const s = stage({ peers: [{ configured: false, automatic: false }] });
    for (let i = 0; i < 100; i++) {
      s.peer.call(NODE_ADDRESS);
      s.lab.run(50);
    }
    expect(s.reasons('unknown-caller').length).toBe(1);
    expect(s.node.view.status().unknownCallers).toMatchObject([{ count: 100 }]);
    expect(s.node.view.counters().unknownCallers).toBe(100);
    expect(s.node.connections).toBe(0);
  });

  it('is a stranger no more once it has become a neighbor', () => {
    const s = stage({ peers: [{ configured: false }] });
    s.peer.call(NODE_ADDRESS);
    s.lab.run(100);
    s.apply([...s.documents, peerDocument('late', '10.0.0.11', 64512)]);
    s.up();
    expect(s.node.view.status().unknownCallers).toEqual([]);
  });

  it('before any configuration is told that there is none yet', () => {
    const s = stage({ started: false });
    s.node.start();
    const local = { address: NODE_ADDRESS, port: 179 };
    s.node.submit({
      type: 'tcpAccepted',
      connection: 2,
      remote: { address: ip('10.0.0.11'), port: 4 },
      local,
    });
    expect(s.reasons('unknown-caller')).toEqual(['no configuration has been applied yet']);
  });
});

describe('a listener that cannot be opened', () => {
  it.each([
    ['EADDRINUSE', 'port 179 is taken by another program'],
    ['EACCES', 'CAP_NET_BIND_SERVICE'],
    ['EADDRNOTAVAIL', 'not on the machine'],
    ['EMFILE', 'bind failed: EMFILE'],
  ])('%s is shown with what to do, and peers are dialled all the same', (errno, words) => {
    const s = stage().up();
    const error = { kind: 'SystemError', call: 'bind', errno } as const;
    s.node.submit({ type: 'listenerChanged', local: { address: ip('0.0.0.0'), port: 179 }, error });
    expect(s.node.view.status().listeners[0]?.error).toContain(words);
    expect(s.node.view.status()).toMatchObject({ ready: false });
    expect(s.neighbor().state).toBe('Established');
    s.node.submit({ type: 'listenerChanged', local: { address: ip('0.0.0.0'), port: 179 } });
    expect(s.node.view.status()).toMatchObject({ ready: true, notReadyBecause: [] });
  });
});

describe('inputs that come late', () => {
  it('of a connection that is over change nothing', () => {
    const s = stage().up();
    const error = { kind: 'SystemError', call: 'read', errno: 'ECONNRESET' } as const;
    const before = s.node.steps;
    s.node.submit({ type: 'octetsReceived', connection: 998, octets: new Uint8Array(19) });
    s.node.submit({ type: 'tcpClosed', connection: 998, error });
    s.node.submit({ type: 'tcpFailed', connection: 997, error });
    s.node.submit({
      type: 'tcpConnected',
      connection: 997,
      local: { address: NODE_ADDRESS, port: 1 },
    });
    s.node.submit({ type: 'writable', connection: 998 });
    expect(s.node.steps).toBe(before + 5);
    expect(s.neighbor()).toMatchObject({ state: 'Established', flaps: 0 });
    expect(s.node.violations).toEqual([]);
  });
});
