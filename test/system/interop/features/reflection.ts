/** Route reflection, either of the two being the reflector. */
import { expect } from 'vitest';
import { type CalicoResource, calico } from '../../../support/godwit.ts';
import { rawUpdate } from '../../../support/raw-peer.ts';
import type { Feature } from '../feature.ts';
import { BLOCK, DAEMON, GODWIT, GODWIT_AS, handAddress, PATIENCE_MS } from '../stage.ts';

const FAR = '198.51.100.0/24';
const GODWIT_CLUSTER = '244.0.0.1';
const DAEMON_CLUSTER = '10.9.9.9';
/** LOCAL_PREF 100, without which an iBGP UPDATE is not whole. */
const LOCAL_PREF = [0x40, 5, 4, 0, 0, 0, 100];

/** What a hand inside the AS says. */
function inside(host: number, prefix: string, more: readonly number[] = []): Uint8Array {
  const nextHop = handAddress(host);
  return rawUpdate({ asPath: [], nextHop, prefixes: [prefix], more: [...LOCAL_PREF, ...more] });
}

function address(text: string): number[] {
  return text.split('.').map(Number);
}

/** Another node of the cluster that reflects, like ours. */
function reflector(name: string, ipv4: string): CalicoResource {
  const node = calico('Node', name, {
    bgp: { ipv4Address: `${ipv4}/24`, routeReflectorClusterID: GODWIT_CLUSTER },
  });
  return { ...node, metadata: { name, labels: { reflector: 'true' } } };
}

export const REFLECTION: readonly Feature[] = [
  {
    id: 'reflector',
    section: 'Paths',
    title:
      'godwit reflects to the daemon: ORIGINATOR_ID and CLUSTER_LIST are there, the next hop is as it was',
    rfcs: [4456],
    stage: {
      ibgp: true,
      node: { routeReflectorClusterID: GODWIT_CLUSTER },
      hands: [{ host: 3, as: GODWIT_AS, at: 'godwit' }],
    },
    async run(stage) {
      await stage.up();
      const hand = await stage.hand(3);
      hand.send(inside(3, '10.244.7.0/26'));
      expect(await stage.untilTold('10.244.7.0/26')).toMatchObject({
        originatorId: handAddress(3),
        clusterList: [GODWIT_CLUSTER],
        nextHop: handAddress(3),
      });
      return undefined;
    },
  },
  {
    id: 'reflected',
    section: 'Paths',
    title:
      'the daemon reflects to godwit: ORIGINATOR_ID, CLUSTER_LIST and the next hop are as sent',
    rfcs: [4456],
    stage: {
      ibgp: true,
      clusterId: DAEMON_CLUSTER,
      session: { client: true },
      hands: [{ host: 3, as: GODWIT_AS, at: 'daemon', session: { client: true } }],
    },
    async run(stage) {
      await stage.up();
      const hand = await stage.hand(3);
      hand.send(inside(3, FAR));
      expect(await stage.untilLearned(FAR)).toMatchObject({
        originatorId: handAddress(3),
        clusterList: [DAEMON_CLUSTER],
        nextHop: handAddress(3),
        best: true,
      });
      await hand.untilAnnounced([BLOCK.ipv4], 30_000);
      return undefined;
    },
  },
  {
    id: 'reflector-loop',
    section: 'Paths',
    title: 'a path with godwit’s own cluster id, or that godwit originated, is kept out',
    rfcs: [4456],
    stage: {
      ibgp: true,
      clusterId: DAEMON_CLUSTER,
      node: { routeReflectorClusterID: GODWIT_CLUSTER },
      session: { client: true },
      hands: [{ host: 3, as: GODWIT_AS, at: 'daemon', session: { client: true } }],
    },
    async run(stage) {
      await stage.up();
      const hand = await stage.hand(3);
      const originator = [0x80, 9, 4, ...address(handAddress(3))];
      hand.send(inside(3, FAR, [...originator, 0x80, 10, 4, ...address(GODWIT_CLUSTER)]));
      const [looped, good] = ['192.0.2.0/24', '192.0.2.128/25'];
      hand.send(inside(3, looped, [0x80, 9, 4, ...address(GODWIT.ipv4)]));
      hand.send(inside(3, good));
      expect(await stage.untilLearned(good)).toMatchObject({ best: true });
      const paths = [await stage.godwitPaths(FAR), await stage.godwitPaths(looped)];
      for (const path of paths.flat()) expect(path).toMatchObject({ state: 'looped', best: false });
      const sent = paths.map((all) => all.length);
      return sent[1] === 0 ? 'it sends nothing back to its originator' : undefined;
    },
  },
  {
    id: 'reflector-nonclient',
    section: 'Paths',
    title:
      'Godwit reflects to a daemon that is no client what a client sends, and not what another non-client does',
    rfcs: [4456],
    stage: {
      ibgp: true,
      unnamed: true,
      node: { routeReflectorClusterID: GODWIT_CLUSTER },
      hands: [
        { host: 3, as: GODWIT_AS, at: 'godwit' },
        { host: 4, as: GODWIT_AS, at: 'godwit', unnamed: true },
      ],
      // Of our own cluster, so that they are no clients.
      resources: [
        reflector('daemon', DAEMON.ipv4),
        reflector('hand', handAddress(4)),
        calico('BGPPeer', 'reflectors', {
          nodeSelector: "!has(reflector) || reflector == 'true'",
          peerSelector: "reflector == 'true'",
        }),
      ],
    },
    async run(stage) {
      await stage.up();
      const [client, other] = [await stage.hand(3), await stage.hand(4)];
      other.send(inside(4, '10.244.8.0/26'));
      await stage.untilLearned('10.244.8.0/26');
      client.send(inside(3, '10.244.7.0/26'));
      await client.untilAnnounced(['10.244.8.0/26'], PATIENCE_MS);
      await stage.untilTold('10.244.7.0/26');
      expect(await stage.daemon.paths('10.244.8.0/26')).toEqual([]);
      return undefined;
    },
  },
  {
    id: 'reflected-nonclient',
    section: 'Paths',
    title:
      'Godwit is no client of a daemon that reflects: it is sent what a client sends, and not what another non-client does',
    rfcs: [4456],
    stage: {
      ibgp: true,
      clusterId: DAEMON_CLUSTER,
      hands: [
        { host: 3, as: GODWIT_AS, at: 'daemon', session: { client: true } },
        { host: 4, as: GODWIT_AS, at: 'daemon' },
      ],
    },
    async run(stage) {
      await stage.up();
      const [client, other] = [await stage.hand(3), await stage.hand(4)];
      other.send(inside(4, '192.0.2.0/24'));
      await client.untilAnnounced(['192.0.2.0/24', BLOCK.ipv4], PATIENCE_MS);
      client.send(inside(3, FAR));
      const { best, originatorId, clusterList } = await stage.untilLearned(FAR);
      expect(best).toBe(true);
      expect(await stage.godwitPaths('192.0.2.0/24')).toEqual([]);
      const marks = [originatorId, ...clusterList].filter((mark) => mark !== '');
      // RFC 4456 §8 wants both; without them the next reflector would see no loop.
      if (stage.daemonName === 'gobgpd') {
        expect(marks).toEqual([]);
        return 'adds neither ORIGINATOR_ID nor CLUSTER_LIST towards a peer that is no client';
      }
      expect(marks).toEqual([handAddress(3), DAEMON_CLUSTER]);
      return undefined;
    },
  },
];
