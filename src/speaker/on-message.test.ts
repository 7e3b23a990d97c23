/** UPDATEs and what is wrong with them, ROUTE-REFRESH, NOTIFICATION, headers: what each costs, and whom. */

import { describe, expect, it } from 'vitest';
import { ip } from '../net/ip-address.ts';
import { prefix } from '../net/prefix.ts';
import { announcement, rawUpdate } from '../sim/messages.ts';
import { planOfNode } from '../sim/resources.ts';
import { ErrorCode, MessageHeaderSubcode, UpdateSubcode } from '../wire/iana.ts';
import { fromHex, toHex } from '../wire/text.ts';
import { OWN_BLOCK, type Stage, stage } from './testing/stage.ts';

const A = '10.244.1.0/26';
const B = '10.244.2.0/26';

function hex(text: string): Uint8Array {
  return fromHex(text.replaceAll(/\s/g, ''))!;
}

const ORIGIN = '400101 00';
const NO_PATH = '400200';
const NEXT_HOP = '400304 0a00000b';
const LOCAL_PREF = '400504 00000064';
const NLRI_A = '1a 0af40100';
/** 2001:db8::/32 via fd00::11: AFI 2, SAFI 1, 16 octets of next hop, a reserved octet, the prefix. */
const MP_REACH = '800e1a 0002 01 10 fd000000000000000000000000000011 00 20 20010db8';

function telling(...prefixes: string[]): Stage {
  const s = stage({ peers: [{}, {}] }).up();
  s.peer.talk.announce(prefixes);
  s.lab.run(100);
  return s;
}

describe('routes', () => {
  it('announced are known, changed and withdrawn as the peer says', () => {
    const s = telling(A, B);
    expect([s.has(A), s.has(B)]).toEqual([true, true]);
    s.peer.talk.announce([A], { communities: [0xfde80001], med: 7 });
    s.peer.talk.withdraw([B]);
    s.lab.run(100);
    expect(s.paths(A)).toMatchObject([{ med: 7, communities: ['65000:1'], nextHop: '10.0.0.11' }]);
    expect(s.paths(B)).toEqual([]);
    expect(s.neighbor().families[0]).toMatchObject({ received: 1, accepted: 1 });
  });

  it('of a family that was not negotiated are ignored', () => {
    const s = telling(A);
    s.peer.talk.announce(['fd00:244::/122'], { nextHop: ip('fd00::11') });
    s.lab.run(100);
    expect(s.paths('fd00:244::/122')).toEqual([]);
    expect(s.neighbor()).toMatchObject({ state: 'Established' });
  });

  it('learned from an iBGP peer are not passed on to another (RFC 4271 §9.2)', () => {
    const s = telling(A);
    expect([...s.peers[1]!.talk.heard.routes.keys()]).toEqual([OWN_BLOCK]);
  });

  it('cut into single octets are the same routes', () => {
    const s = stage().up();
    const { attributes } = s.peer.talk;
    const octets = announcement([prefix(A), prefix(B)], {
      family: 'ipv4-unicast',
      attributes: attributes.call(s.peer.talk),
      as4: true,
    });
    for (const octet of octets) {
      s.peer.talk.send(Uint8Array.of(octet));
      s.lab.run(100);
    }
    expect([s.has(A), s.has(B)]).toEqual([true, true]);
    expect(s.neighbor()).toMatchObject({ flaps: 0 });
  });
});

describe('a malformed UPDATE (RFC 7606)', () => {
  it('treated as withdrawal takes away what the peer said before, and the session stays', () => {
    const s = telling(A);
    // ORIGIN with the value 7 (RFC 7606 §7.1).
    const attributes = hex(`400101 07 ${NO_PATH} ${NEXT_HOP} ${LOCAL_PREF}`);
    s.peer.talk.send(rawUpdate({ attributes, nlri: hex(NLRI_A) }));
    s.lab.run(100);
    expect(s.paths(A)).toEqual([]);
    expect(s.neighbor()).toMatchObject({ state: 'Established', flaps: 0 });
    expect(s.node.eventsOf('update-fault')).toMatchObject([
      { action: 'treat-as-withdraw', attribute: 'ORIGIN' },
    ]);
    // RFC 7606 §6: with the NLRI involved and the entire message.
    const sent = toHex(rawUpdate({ attributes, nlri: hex(NLRI_A) }));
    expect(s.node.eventsOf('update-fault')[0]).toMatchObject({ prefixes: A, update: sent });
    expect(s.node.view.counters().updateFaults).toEqual({ 'ORIGIN treat-as-withdraw': 1 });
  });

  it('treated as withdrawal takes the routes of both of its fields, whichever had the fault', () => {
    const both = ['ipv4-unicast', 'ipv6-unicast'] as const;
    const s = stage({ peers: [{ families: both }], started: false });
    s.node.start();
    const plan = planOfNode('a', s.documents);
    s.node.setPlan({ ...plan, peers: plan.peers.map((peer) => ({ ...peer, families: both })) });
    s.up();
    // MP_REACH_NLRI for 2001:db8::/32 beside 10.244.1.0/26; the latter once with and once without its NEXT_HOP.
    const good = hex(`${ORIGIN} ${NO_PATH} ${NEXT_HOP} ${LOCAL_PREF} ${MP_REACH}`);
    s.peer.talk.send(rawUpdate({ attributes: good, nlri: hex(NLRI_A) }));
    s.lab.run(100);
    expect([s.paths(A).length, s.paths('2001:db8::/32').length]).toEqual([1, 1]);
    const bad = hex(`${ORIGIN} ${NO_PATH} ${LOCAL_PREF} ${MP_REACH}`);
    s.peer.talk.send(rawUpdate({ attributes: bad, nlri: hex(NLRI_A) }));
    s.lab.run(100);
    expect([s.paths(A).length, s.paths('2001:db8::/32').length]).toEqual([0, 0]);
    expect(s.neighbor()).toMatchObject({ state: 'Established', flaps: 0 });
  });

  it('with an attribute that can be done without is used without it', () => {
    const s = stage({ peers: [{}] }).up();
    // AGGREGATOR of 5 octets (RFC 7606 §7.7).
    const attributes = hex(`${ORIGIN} ${NO_PATH} ${NEXT_HOP} ${LOCAL_PREF} c00705 0000000000`);
    s.peer.talk.send(rawUpdate({ attributes, nlri: hex(NLRI_A) }));
    s.lab.run(100);
    expect(s.has(A)).toBe(true);
    expect(s.node.eventsOf('update-fault')).toMatchObject([{ action: 'discard' }]);
  });

  it('that repeats is counted each time and told once in ten seconds', () => {
    const s = telling(A);
    const attributes = hex(`400101 07 ${NO_PATH} ${NEXT_HOP} ${LOCAL_PREF}`);
    for (let i = 0; i < 50; i++) s.peer.talk.send(rawUpdate({ attributes, nlri: hex(NLRI_A) }));
    s.lab.run(100);
    expect(s.node.eventsOf('update-fault').length).toBe(1);
    expect(s.node.view.counters().updateFaults).toEqual({ 'ORIGIN treat-as-withdraw': 50 });
    s.lab.run(10_000);
    s.peer.talk.send(rawUpdate({ attributes, nlri: hex(NLRI_A) }));
    s.lab.run(100);
    expect(s.node.eventsOf('update-fault').length).toBe(2);
  });

  it.each([
    ['a prefix longer than 32 bits', { nlri: '21 0af4010000' }, UpdateSubcode.InvalidNetworkField],
    ['a prefix that is cut', { nlri: '1a 0af4' }, UpdateSubcode.InvalidNetworkField],
  ])('with %s resets the session, and nothing of it is applied', (_name, { nlri }, subcode) => {
    const s = telling(A);
    const attributes = hex(`${ORIGIN} ${NO_PATH} ${NEXT_HOP} ${LOCAL_PREF}`);
    const seen: boolean[] = [];
    const both = rawUpdate({
      attributes,
      nlri: new Uint8Array([...hex('1a 0af40200'), ...hex(nlri)]),
    });
    s.peer.talk.send(both);
    s.lab.runUntil(() => {
      seen.push(s.has(B));
      return s.peer.talk.notifications.length > 0;
    });
    expect(s.peer.talk.notifications).toMatchObject([{ code: ErrorCode.Update, subcode }]);
    expect(seen).not.toContain(true);
    expect(s.neighbor().downBecause).toMatch(/UPDATE/);
    // Only this peer pays.
    expect(s.neighbor(1)).toMatchObject({ state: 'Established', flaps: 0 });
  });

  it.each([
    ['none at all', `${NO_PATH} 400101 07`, undefined, UpdateSubcode.InvalidOrigin],
    ['those it withdraws', `400101 07`, NLRI_A, UpdateSubcode.InvalidOrigin],
    [
      'none, beside a NEXT_HOP',
      `${ORIGIN} 400304 00000000`,
      undefined,
      UpdateSubcode.InvalidNextHop,
    ],
    [
      'none, by an attribute that is cut',
      `${ORIGIN} c00808 0001`,
      undefined,
      UpdateSubcode.AttributeLength,
    ],
  ])(
    'in attributes that announce nothing resets the session (RFC 7606 §5.2): prefixes %s',
    (...row) => {
      const [, attributes, withdrawn, subcode] = row;
      const s = telling(A);
      const parts = withdrawn === undefined ? {} : { withdrawn: hex(withdrawn) };
      s.peer.talk.send(rawUpdate({ attributes: hex(attributes), ...parts }));
      s.lab.run(100);
      expect(s.peer.talk.notifications).toMatchObject([{ code: ErrorCode.Update, subcode }]);
    },
  );

  it.each([
    ['what costs only an attribute', `${ORIGIN} c00705 0000000000`],
    ['a NEXT_HOP beside MP attributes (RFC 4760 §3)', `400304 00000000 800f03 000201`],
    ['a family that is not spoken', `400101 07 800e09 000180 04 0a000001 00`],
    ['nothing', `${ORIGIN} ${NO_PATH} ${NEXT_HOP}`],
  ])('in attributes that announce nothing, the session survives %s', (_name, attributes) => {
    const s = telling(A);
    s.peer.talk.send(rawUpdate({ attributes: hex(attributes) }));
    s.lab.run(100);
    expect(s.has(A)).toBe(true);
    expect(s.neighbor()).toMatchObject({ state: 'Established', flaps: 0 });
  });

  it('whose withdrawn routes are fine but whose attributes exceed it withdraws nothing', () => {
    const s = telling(A);
    const update = rawUpdate({ withdrawn: hex(NLRI_A), attributes: hex(ORIGIN) });
    update[update.length - 5] = 0x7f; // Total Path Attribute Length, low octet
    const seen: boolean[] = [];
    s.peer.talk.send(update);
    s.lab.runUntil(() => {
      if (s.neighbor().state === 'Established') seen.push(s.has(A));
      return s.peer.talk.notifications.length > 0;
    });
    expect(seen).not.toContain(false);
    expect(s.peer.talk.notifications).toMatchObject([{ code: ErrorCode.Update }]);
  });
});

describe('ROUTE-REFRESH (RFC 2918)', () => {
  it('has everything told again', () => {
    const s = stage({ peers: [{}, {}] }).up();
    const { heard } = s.peer.talk;
    heard.routes.clear();
    const before = heard.updates;
    s.peer.talk.refresh();
    s.lab.run(100);
    expect([...heard.routes.keys()]).toEqual([OWN_BLOCK]);
    expect(heard.updates).toBeGreaterThan(before);
    expect(s.neighbor()).toMatchObject({ state: 'Established' });
    // Nobody else is told again.
    expect(s.peers[1]!.talk.heard.routes.size).toBe(1);
    expect(s.neighbor(1).messages.sent.update).toBe(2);
  });

  it('of a family that was not negotiated is ignored', () => {
    const s = stage().up();
    const before = s.peer.talk.heard.updates;
    s.peer.talk.refresh('ipv6-unicast');
    s.lab.run(100);
    expect(s.peer.talk.heard.updates).toBe(before);
    expect(s.neighbor()).toMatchObject({ state: 'Established', flaps: 0 });
  });
});

describe('what does not belong here', () => {
  it('a header without the marker gets Message Header Error, Connection Not Synchronized', () => {
    const s = stage().up();
    s.peer.talk.send(new Uint8Array(19));
    s.lab.run(100);
    expect(s.peer.talk.notifications).toMatchObject([
      { code: ErrorCode.MessageHeader, subcode: MessageHeaderSubcode.ConnectionNotSynchronized },
    ]);
    expect(s.node.violations).toEqual([]);
  });

  it('an UPDATE before the session is Established is an FSM error and leaves no route', () => {
    const s = stage({ peers: [{ automatic: false }] });
    s.lab.run(100);
    s.peer.talk.open();
    s.peer.talk.announce([A]);
    s.lab.run(100);
    expect(s.peer.talk.notifications).toMatchObject([{ code: ErrorCode.Fsm }]);
    expect(s.paths(A)).toEqual([]);
  });

  it('a second OPEN in Established is an FSM error', () => {
    const s = stage().up();
    s.peer.talk.open();
    s.lab.run(100);
    expect(s.peer.talk.notifications).toMatchObject([{ code: ErrorCode.Fsm }]);
  });

  it('octets behind a NOTIFICATION are not looked at', () => {
    const s = stage().up();
    const { talk } = s.peer;
    const note = Uint8Array.of(...new Array(16).fill(255), 0, 21, 3, 6, 2);
    const both = announcement([prefix(A)], {
      family: 'ipv4-unicast',
      attributes: talk.attributes(),
      as4: true,
    });
    const octets = new Uint8Array(note.length + both.length);
    octets.set(note);
    octets.set(both, note.length);
    talk.send(octets);
    s.lab.run(100);
    expect(s.paths(A)).toEqual([]);
    expect(s.node.eventsOf('notification')).toMatchObject([{ direction: 'received' }]);
    expect(s.neighbor().messages.received).toMatchObject({ notification: 1 });
  });

  it('a peer that loops in NOTIFICATIONs is damped and costs nobody else anything', () => {
    const s = stage({ peers: [{ automatic: false, listens: false }, {}] });
    for (let i = 0; i < 200; i++) {
      s.peer.call('10.0.0.1' as never);
      s.lab.run(100);
      const { talk } = s.peer;
      talk.open();
      talk.notify({ code: 6, subcode: 4, data: new Uint8Array(0) });
      s.lab.run(100);
    }
    expect(s.neighbor(1)).toMatchObject({ state: 'Established', flaps: 0 });
    expect(s.peer.conversations.filter(({ opens }) => opens.length > 0).length).toBeLessThan(40);
    expect(s.node.connections).toBeLessThanOrEqual(2);
  });
});
