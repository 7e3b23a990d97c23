/**
 * Forty of the public test messages to a real godwitd over TCP, beside an observer: what `src/speaker/vectors.test.ts`
 * says of all of them in the core is so on the wire as well.
 */

import { afterAll, beforeAll, expect, it } from 'vitest';
import { toHex } from '../../src/wire/text.ts';
import type { Namespace } from '../../tools/fabric/netns.ts';
import { calico, Godwit } from '../support/godwit.ts';
import { NetworkLab } from '../support/netns.ts';
import { Portal } from '../support/portal.ts';
import { RawPeer, usualCapabilities } from '../support/raw-peer.ts';
import { describeWith } from '../support/requirements.ts';
import { structuralError } from '../support/vectors/plain-errors.ts';
import { type PlainUpdate, prefixesOf, readPlainUpdate } from '../support/vectors/plain-update.ts';
import {
  isAs4,
  type Outcome,
  readVectors,
  typeOf,
  type Vector,
} from '../support/vectors/public-vectors.ts';
import {
  announcedIn,
  baselineUpdates,
  checkTold,
  SELF,
  SENDER,
  type Side,
  withdrawals,
} from '../support/vectors/told.ts';
import { waitFor } from '../support/wait-for.ts';

const UPDATE = 2;
const TOLD_WITHIN_MS = 5_000;
const OBSERVER = { as: 65_020, address: '198.51.100.11' };
/** Each message that ends its session comes from an address of its own: a peer that errs is damped. */
const FIRST_ENDING = 20;
const ENDINGS = [
  'frr-mp-IPv6-nhlen3-t14',
  'frr-mp-IPv4-unreach-nlrilen-t15',
  'frr-mp-IPv4-nlrilen-t14',
  'pcap-tcpdump-bgp_mp_reach_nlri-oobr-f1-1',
  'gobgp-bgp_test-Test_MpReachNLRIWithIPv6-L1742',
  'biord-corpus-5fd3ce661a42',
];
/** Announced behind each message, with attributes of its own: what the observer is told before is about the message. */
const MARKER = '4:18c00002';

interface Case {
  readonly vector: Vector;
  readonly outcome: Outcome;
  readonly update: PlainUpdate;
}

/** External, IPv4, 4-octet AS numbers; every third malformed attribute, every ninth that is sound, and endings. */
function chosen(): Case[] {
  const every = (list: readonly Vector[], n: number): Vector[] =>
    list.filter((_, i) => i % n === 0);
  const core = readVectors('bgp-core.json').filter((one) => typeOf(one) === UPDATE);
  const malformed = readVectors('bgp-rfc7606.json').filter(
    ({ options, sourceExpect }) => options.peerType === 'ebgp' && sourceExpect !== 'session-reset',
  );
  const other = readVectors('bgp-otherfamily-fuzz.json');
  const sound = core.filter(
    (one) =>
      one.sourceExpect === 'ok' &&
      one.basis === 'explicit' &&
      isFourOctetIpv4(one) &&
      !hasAsSet(one),
  );
  const foreign = other.filter(
    (one) => one.scope === 'other-family' && isFourOctetIpv4(one) && !hasAsSet(one),
  );
  const endings = [...core, ...other].filter(({ name }) => ENDINGS.includes(name));
  const cases: [Vector, Outcome][] = [
    ...every(malformed, 2).map((one): [Vector, Outcome] => [one, malformedOutcome(one)]),
    ...every(sound, 8).map((one): [Vector, Outcome] => [one, 'ok']),
    ...every(foreign, 30).map((one): [Vector, Outcome] => [one, 'ok']),
    ...endings.map((one): [Vector, Outcome] => [one, 'reset']),
  ];
  return cases.map(([vector, outcome]) => {
    return { vector, outcome, update: readPlainUpdate(vector.hex) };
  });
}

function malformedOutcome({ sourceExpect, attrType }: Vector): Outcome {
  if (attrType === 39) return 'ok'; // see DIFFERENCES: unknown, so passed on
  return sourceExpect === 'attribute-discard' ? 'discard' : 'treat-as-withdraw';
}

/** RFC 9774: not used, and what becomes of them is tested in `src/speaker/roles.test.ts`. */
function hasAsSet(vector: Vector): boolean {
  const path = readPlainUpdate(vector.hex).attributes.find(({ type }) => type === 2)?.value ?? '';
  for (
    let at = 0;
    at < path.length;
    at += 4 + Number.parseInt(path.slice(at + 2, at + 4), 16) * 8
  ) {
    if (path.startsWith('01', at)) return true;
  }
  return false;
}

/** Such, and with a next hop and a path that nothing is to be said about. */
function isFourOctetIpv4(vector: Vector): boolean {
  const { attributes, mpReach, mpUnreach, whole } = readPlainUpdate(vector.hex);
  const isIpv4 = [mpReach, mpUnreach].every((mp) => mp === undefined || mp.nlri.length === 0);
  const hop = attributes.find(({ type }) => type === 3)?.value ?? '';
  const isPlain = isIpv4 && whole && structuralError(vector.hex) === undefined;
  return isPlain && isAs4(vector) && !hop.startsWith('7f') && vector.options.addPath === undefined;
}

describeWith(
  ['root', 'netns', 'ip', 'veth', 'native', 'test-data'],
  'public test messages to a real godwitd',
  () => {
    const lab = new NetworkLab();
    const cases = chosen();
    let node: Namespace;
    let portal: Portal;
    let godwit: Godwit;
    let observer: RawPeer;
    let sender: RawPeer;

    beforeAll(async () => {
      node = await lab.namespace('node');
      const peers = await lab.namespace('peers');
      const senders = ENDINGS.map((_, i) => `198.51.100.${FIRST_ENDING + i}`);
      const addresses = [SENDER.address, OBSERVER.address, ...senders];
      await lab.link(
        { namespace: node, device: 'eth0', addresses: [`${SELF.ipv4}/24`] },
        { namespace: peers, device: 'eth0', addresses: addresses.map((one) => `${one}/24`) },
      );
      portal = await Portal.open(lab, peers, 'peers');
      const all = { action: 'Accept' };
      godwit = new Godwit({
        lab,
        namespace: node,
        name: 'node',
        config: { kernel: { enabled: false } },
        resources: [
          calico('BGPConfiguration', 'default', {
            nodeToNodeMeshEnabled: false,
            asNumber: SELF.as,
          }),
          calico('Node', 'node', { bgp: { ipv4Address: `${SELF.ipv4}/24` } }),
          calico('BGPFilter', 'all', { importV4: [all], exportV4: [all] }),
          ...addresses.map((peerIP, i) =>
            calico('BGPPeer', `p${i}`, {
              peerIP,
              asNumber: peerIP === OBSERVER.address ? OBSERVER.as : SENDER.as,
              filters: ['all'],
            }),
          ),
        ],
      });
      await godwit.start();
      await godwit.untilReady();
      observer = await established(OBSERVER.address, OBSERVER.as);
      sender = await established(SENDER.address, SENDER.as);
    });

    afterAll(async () => {
      await lab.destroy();
    });

    async function established(from: string, as: number): Promise<RawPeer> {
      const peer = new RawPeer(await portal.dial({ host: SELF.ipv4, port: 179, from }));
      const identifier = from.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
      await peer.establish({ as, identifier, capabilities: usualCapabilities(as) });
      peer.keepAlive(5_000);
      return peer;
    }

    /** UPDATEs that the observer is told until it is told about `prefix`, without the last. */
    async function toldUntil(isLast: (update: string) => boolean): Promise<string[]> {
      const told: string[] = [];
      for (;;) {
        const update = toHex(await observer.next(UPDATE, TOLD_WITHIN_MS));
        if (isLast(update)) return told;
        if (prefixesOf(readPlainUpdate(update)).length > 0) told.push(update);
      }
    }

    async function announceBefore(peer: RawPeer, prefixes: readonly string[]): Promise<void> {
      const missing = new Set(prefixes);
      peer.send(...baselineUpdates(prefixes, SIDE).map(octets));
      while (missing.size > 0) {
        const update = toHex(await observer.next(UPDATE, TOLD_WITHIN_MS));
        for (const prefix of announcedIn([update])) missing.delete(prefix);
      }
    }

    it('are forty, of every kind', () => {
      const kinds = Object.groupBy(cases, ({ outcome }) => outcome);
      expect(cases.length).toBeGreaterThanOrEqual(38);
      for (const [kind, list] of Object.entries(kinds)) {
        expect(list.length, kind).toBeGreaterThanOrEqual(5);
      }
      expect(Object.keys(kinds).toSorted()).toEqual([
        'discard',
        'ok',
        'reset',
        'treat-as-withdraw',
      ]);
    });

    it.each(cases.filter(({ outcome }) => outcome !== 'reset'))(
      '$vector.name: $outcome, and the observer is told so',
      async (judged) => {
        const prefixes = prefixesOf(judged.update);
        await announceBefore(sender, prefixes);
        sender.send(octets(judged.vector.hex), ...baselineUpdates([MARKER], SIDE).map(octets));
        const heard = await toldUntil((update) => announcedIn([update]).includes(MARKER));
        checkTold({ heard, from: SIDE, to: SIDE }, judged);
        // Until that has been told, so that the next message does not meet a change that cancels another.
        sender.send(...withdrawals([...prefixes, MARKER]).map(octets));
        await toldUntil((update) => readPlainUpdate(update).withdrawn.includes(MARKER));
        expect(sender.ended).toBe(false);
      },
    );

    it.each(
      cases
        .filter(({ outcome }) => outcome === 'reset')
        .map((judged, i) => ({ ...judged, from: `198.51.100.${FIRST_ENDING + i}` })),
    )('$vector.name ends its session, and its routes with it', async ({ vector, update, from }) => {
      // The sessions are of IPv4 alone.
      const named = prefixesOf(update).filter((one) => one.startsWith('4'));
      const prefixes = [...named, MARKER];
      const ending = await established(from, SENDER.as);
      await announceBefore(ending, prefixes);
      ending.send(octets(vector.hex));
      const { code, subcode, data } = await ending.notification();
      expect(`${code}/${subcode} ${toHex(data)}`.trim()).toBe(structuralError(vector.hex));
      await ending.untilEnded();
      const missing = new Set(prefixes);
      while (missing.size > 0) {
        const { withdrawn, mpUnreach } = readPlainUpdate(
          toHex(await observer.next(UPDATE, TOLD_WITHIN_MS)),
        );
        for (const prefix of [...withdrawn, ...(mpUnreach?.nlri ?? [])]) missing.delete(prefix);
      }
    });

    it('cost no session but those that ended, and no quarantine', async () => {
      for (const { address } of [SENDER, OBSERVER]) {
        await waitFor(
          () => godwit.neighbor(address),
          (neighbor) => neighbor.state === 'Established' && neighbor.flaps === 0,
          { what: `${address} to stand` },
        );
      }
      expect(godwit.events('peer-quarantined')).toEqual([]);
      await waitFor(
        () => godwit.routes(),
        (routes) => routes.length === 0,
        { what: 'every route to be gone' },
      );
    });
  },
);

const SIDE: Side = { ebgp: true, as4: true };

function octets(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'hex'));
}
