/**
 * A real godwitd and peers made by hand over real TCP: old and odd peers that must work, and garbage that
 * must be answered with the right NOTIFICATION while everybody else stays Established.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { KEEPALIVE } from '../../src/wire/keepalive.ts';
import { encodeOpen } from '../../src/wire/open.ts';
import type { Namespace } from '../../tools/fabric/netns.ts';
import { calico, Godwit } from '../support/godwit.ts';
import { NetworkLab } from '../support/netns.ts';
import { Portal } from '../support/portal.ts';
import {
  message,
  RawPeer,
  rawUpdate,
  rawWithdrawal,
  usualCapabilities,
} from '../support/raw-peer.ts';
import { describeWith } from '../support/requirements.ts';
import { staysTrue, waitFor } from '../support/wait-for.ts';

const NODE = '10.9.0.1';
const BLOCK = '10.244.1.0/26';
/** Host part and AS 65000 + host part of every peer; godwit knows them all as neighbors. */
const STEADY = 2;
const NO_CAPABILITIES = 4;
const TWO_OCTETS = 5;
const HOLD_ZERO = 6;
const WITHDRAWING = 7;
const STRANGER = 99;
/** Garbage comes from here upwards, each case from an address of its own: a peer that errs is damped. */
const FIRST_GARBLER = 20;

const address = (host: number): string => `10.9.0.${host}`;
const asOf = (host: number): number => 65_000 + host;

function open(host: number, over: Partial<Parameters<typeof encodeOpen>[0]> = {}): Uint8Array {
  return encodeOpen({
    version: 4,
    myAs: asOf(host),
    holdTime: 90,
    bgpIdentifier: (10 << 24) | (9 << 16) | host,
    capabilities: usualCapabilities(asOf(host)),
    ...over,
  });
}

/** `open` with one octet changed. */
function patched(host: number, at: number, value: number): Uint8Array {
  const octets = open(host);
  octets[at] = value;
  return octets;
}

/** Not really random, so that a failure repeats: a linear congruential generator. */
function noise(length: number): Uint8Array {
  let state = 12_345;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state >>> 24;
  });
}

interface Garbage {
  readonly what: string;
  readonly send: (host: number) => readonly Uint8Array[];
  /** Code and subcode of the NOTIFICATION, and its data where an RFC says what it is. */
  readonly answer: readonly [number, number];
  readonly data?: readonly number[];
}

const IN_OPEN_SENT: readonly Garbage[] = [
  { what: 'noise', send: () => [noise(200)], answer: [1, 1] },
  { what: 'a bad marker', send: (host) => [patched(host, 7, 0xfe)], answer: [1, 1] },
  {
    what: 'a length of 18',
    send: (host) => [patched(host, 17, 18)],
    answer: [1, 2],
    data: [0, 18],
  },
  {
    what: 'a length of 4097',
    send: (host) => [lengthOf(host, 4097)],
    answer: [1, 2],
    data: [16, 1],
  },
  { what: 'an OPEN cut to 28 octets', send: () => [message(1, Array(9).fill(4))], answer: [1, 2] },
  { what: 'type 9', send: (host) => [patched(host, 18, 9)], answer: [1, 3], data: [9] },
  { what: 'version 3', send: (host) => [patched(host, 19, 3)], answer: [2, 1], data: [0, 4] },
  {
    what: 'another AS',
    send: (host) => [open(host, { myAs: 64_999, capabilities: usualCapabilities(64_999) })],
    answer: [2, 2],
  },
  { what: 'AS 0', send: (host) => [open(host, { myAs: 0, capabilities: [] })], answer: [2, 2] },
  { what: 'identifier 0', send: (host) => [open(host, { bgpIdentifier: 0 })], answer: [2, 3] },
  { what: 'parameter 1', send: () => [openWith([1, 2, 0, 0])], answer: [2, 4] },
  { what: 'a hold time of 2 s', send: (host) => [open(host, { holdTime: 2 })], answer: [2, 6] },
  { what: 'parameters past the end', send: () => [openWith([2, 9, 1, 4])], answer: [2, 0] },
  { what: 'a KEEPALIVE first', send: () => [KEEPALIVE], answer: [5, 1] },
];

const IN_ESTABLISHED: readonly Garbage[] = [
  { what: 'noise', send: () => [noise(4_096)], answer: [1, 1] },
  {
    what: 'a KEEPALIVE of 20 octets',
    send: () => [message(4, [0])],
    answer: [1, 2],
    data: [0, 20],
  },
  {
    what: 'withdrawn routes past the end',
    send: () => [message(2, [0, 50, 0, 0])],
    answer: [3, 1],
  },
  {
    what: 'a prefix of 33 bits',
    send: (host) => [
      message(2, [
        ...rawUpdate({ asPath: [asOf(host)], nextHop: address(host), prefixes: [] }).subarray(19),
        ...[33, 1, 2, 3, 4, 5],
      ]),
    ],
    answer: [3, 10],
  },
  { what: 'a second OPEN', send: (host) => [open(host)], answer: [5, 3] },
];

function lengthOf(host: number, length: number): Uint8Array {
  const octets = open(host);
  octets[16] = length >>> 8;
  octets[17] = length & 0xff;
  return octets;
}

/** An OPEN whose parameters are just these octets. */
function openWith(parameters: readonly number[]): Uint8Array {
  return message(1, [4, 0xfd, 0xe9, 0, 90, 10, 9, 0, 77, parameters.length, ...parameters]);
}

describeWith(['root', 'netns', 'ip', 'veth', 'native'], 'godwit and peers made by hand', () => {
  const lab = new NetworkLab();
  let node: Namespace;
  let portal: Portal;
  let godwit: Godwit;
  let steady: RawPeer;
  const garblers = IN_OPEN_SENT.length + IN_ESTABLISHED.length;

  beforeAll(async () => {
    node = await lab.namespace('node');
    const peers = await lab.namespace('peers');
    const hosts = [STEADY, NO_CAPABILITIES, TWO_OCTETS, HOLD_ZERO, WITHDRAWING].concat(
      Array.from({ length: garblers }, (_, i) => FIRST_GARBLER + i),
    );
    await lab.link(
      { namespace: node, device: 'eth0', addresses: [`${NODE}/24`] },
      {
        namespace: peers,
        device: 'eth0',
        addresses: [...hosts, STRANGER].map((host) => `${address(host)}/24`),
      },
    );
    portal = await Portal.open(lab, peers, 'peers');
    godwit = new Godwit({
      lab,
      namespace: node,
      name: 'node',
      resources: [
        calico('Node', 'node', { bgp: { ipv4Address: `${NODE}/24` } }),
        calico('IPPool', 'pods', { cidr: '10.244.0.0/16' }),
        calico('BlockAffinity', 'own', { node: 'node', cidr: BLOCK, state: 'confirmed' }),
        ...hosts.map((host) =>
          calico('BGPPeer', `p${host}`, { peerIP: address(host), asNumber: asOf(host) }),
        ),
      ],
    });
    await godwit.start();
    await godwit.untilReady();
    steady = await dial(STEADY);
    await steady.establish({
      as: asOf(STEADY),
      identifier: STEADY,
      capabilities: usualCapabilities(asOf(STEADY)),
    });
    steady.keepAlive(5_000);
    await steady.untilAnnounced([BLOCK]);
  });

  afterAll(async () => {
    await lab.destroy();
  });

  async function dial(host: number, options: { as4?: boolean } = {}): Promise<RawPeer> {
    const to = { host: NODE, port: 179, from: address(host) };
    return new RawPeer(await portal.dial(to), options);
  }

  async function untilRoute(prefix: string, there: boolean): Promise<void> {
    await waitFor(
      () => godwit.routes(prefix),
      (routes) => routes.some((route) => route.paths.some(({ best }) => best)) === there,
      { what: `${prefix} to be ${there ? 'there' : 'gone'}`, intervalMs: 20 },
    );
  }

  it('speaks with a peer that sends no capabilities at all', async () => {
    const peer = await dial(NO_CAPABILITIES, { as4: false });
    await peer.establish({ as: asOf(NO_CAPABILITIES), identifier: NO_CAPABILITIES });
    await peer.untilAnnounced([BLOCK]);
    const as = asOf(NO_CAPABILITIES);
    const nextHop = address(NO_CAPABILITIES);
    peer.send(rawUpdate({ asPath: [as], asOctets: 2, nextHop, prefixes: ['203.0.113.0/24'] }));
    await untilRoute('203.0.113.0/24', true);
    const [route] = await godwit.routes('203.0.113.0/24');
    expect(route?.paths[0]).toMatchObject({ asPath: `${as}`, nextHop });
    expect(await godwit.neighbor(nextHop)).toMatchObject({
      state: 'Established',
      capabilities: [],
    });
    peer.send(rawWithdrawal(['203.0.113.0/24']));
    await untilRoute('203.0.113.0/24', false);
    peer.close();
  });

  it('speaks with a peer that knows 2-octet AS numbers only, and merges AS4_PATH (RFC 6793)', async () => {
    const as = asOf(TWO_OCTETS);
    const nextHop = address(TWO_OCTETS);
    const peer = await dial(TWO_OCTETS, { as4: false });
    await peer.establish({
      as,
      identifier: TWO_OCTETS,
      capabilities: [{ kind: 'multiprotocol', afi: 1, safi: 1 }],
    });
    // AS_PATH 65005 23456, AS4_PATH 4200000001: the true path is 65005 4200000001.
    const as4Path = [0xc0, 17, 6, 2, 1, 0xfa, 0x56, 0xea, 0x01];
    const prefixes = ['203.0.113.0/24'];
    peer.send(rawUpdate({ asPath: [as, 23_456], asOctets: 2, nextHop, prefixes, more: as4Path }));
    await untilRoute('203.0.113.0/24', true);
    const [route] = await godwit.routes('203.0.113.0/24');
    expect(route?.paths[0]?.asPath).toBe(`${as} 4200000001`);
    peer.close();
    await untilRoute('203.0.113.0/24', false);
  });

  it('keeps a session with hold time 0 without keepalives (RFC 4271 §4.2)', async () => {
    const as = asOf(HOLD_ZERO);
    const peer = await dial(HOLD_ZERO);
    const open = { as, identifier: HOLD_ZERO, capabilities: usualCapabilities(as) };
    await peer.establish({ ...open, holdTime: 0 });
    await peer.untilAnnounced([BLOCK]);
    const before = (await godwit.neighbor(address(HOLD_ZERO))).sent.keepalive;
    await staysTrue(
      () => godwit.neighbor(address(HOLD_ZERO)),
      (neighbor) => neighbor.state === 'Established' && neighbor.holdTime === 0,
      { what: 'The silent session', forMs: 3_000, intervalMs: 500 },
    );
    expect((await godwit.neighbor(address(HOLD_ZERO))).sent.keepalive).toBe(before);
    peer.close();
  });

  it('takes a malformed attribute for a withdrawal and keeps the session (RFC 7606 §7.1)', async () => {
    const as = asOf(WITHDRAWING);
    const nextHop = address(WITHDRAWING);
    const prefixes = ['198.51.100.0/24'];
    const peer = await dial(WITHDRAWING);
    await peer.establish({ as, identifier: WITHDRAWING, capabilities: usualCapabilities(as) });
    const update = rawUpdate({ asPath: [as], nextHop, prefixes });
    peer.send(update);
    await untilRoute('198.51.100.0/24', true);
    const broken = update.slice();
    broken[19 + 4 + 3] = 7; // ORIGIN 7
    peer.send(broken);
    await untilRoute('198.51.100.0/24', false);
    expect(await godwit.neighbor(nextHop)).toMatchObject({ state: 'Established', flaps: 0 });
    expect(godwit.events('update-fault').at(-1)).toMatchObject({ action: 'treat-as-withdraw' });
    peer.send(update);
    await untilRoute('198.51.100.0/24', true);
    peer.close();
  });

  it('refuses an unknown caller, and says so', async () => {
    const stranger = await dial(STRANGER);
    await stranger.untilEnded(3_000);
    const { unknownCallers } = await godwit.status();
    expect(unknownCallers).toMatchObject([{ address: address(STRANGER), count: 1 }]);
    const text = await godwit.command('show', 'status');
    expect(text).toMatch(
      /Refused 1 connections? from 10\.9\.0\.99, .*no neighbor has this address/,
    );
    expect(godwit.events('unknown-caller')).toMatchObject([{ address: address(STRANGER) }]);
  });

  it.each(IN_OPEN_SENT.map((garbage, i) => ({ ...garbage, host: FIRST_GARBLER + i })))(
    'answers $what instead of an OPEN with NOTIFICATION $answer.0/$answer.1',
    async ({ send, answer, data, host }) => {
      const peer = await dial(host);
      peer.send(...send(host));
      await expectNotification(peer, host, { answer, data });
    },
  );

  it.each(
    IN_ESTABLISHED.map((garbage, i) => ({
      ...garbage,
      host: FIRST_GARBLER + IN_OPEN_SENT.length + i,
    })),
  )('answers $what in Established with NOTIFICATION $answer.0/$answer.1', async (garbage) => {
    const { send, answer, data, host } = garbage;
    const as = asOf(host);
    const peer = await dial(host);
    await peer.establish({ as, identifier: host, capabilities: usualCapabilities(as) });
    await peer.untilAnnounced([BLOCK]);
    peer.send(rawUpdate({ asPath: [as], nextHop: address(host), prefixes: ['192.0.2.0/24'] }));
    await untilRoute('192.0.2.0/24', true);
    peer.send(...send(host));
    await expectNotification(peer, host, { answer, data });
    await untilRoute('192.0.2.0/24', false);
  });

  it('loses nobody else to garbage: the steady session never flapped and still gets routes', async () => {
    expect(steady.ended).toBe(false);
    expect(await godwit.neighbor(address(STEADY))).toMatchObject({
      state: 'Established',
      established: 1,
      flaps: 0,
    });
    godwit.writeResource(
      calico('BlockAffinity', 'two', { node: 'node', cidr: '10.244.2.0/26', state: 'confirmed' }),
    );
    await steady.untilAnnounced(['10.244.2.0/26']);
  });

  async function expectNotification(
    peer: RawPeer,
    host: number,
    expected: { answer: readonly [number, number]; data: readonly number[] | undefined },
  ): Promise<void> {
    const { code, subcode, data } = await peer.notification();
    expect([code, subcode]).toEqual(expected.answer);
    if (expected.data !== undefined) expect([...data]).toEqual(expected.data);
    await peer.untilEnded(3_000);
    const { downBecause, lastError } = await godwit.neighbor(address(host));
    expect(lastError).toMatch(
      /^(We refused the peer with .* \(\d+\)|The peer sent what does not belong in \w+ \(\w+\))/,
    );
    expect(downBecause).toContain(lastError);
  }
});
