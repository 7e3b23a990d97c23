/** Route reflection, either of the two being the reflector. */
import { expect } from 'vitest';
import { rawUpdate } from '../../../support/raw-peer.ts';
import type { Feature } from '../feature.ts';
import { BLOCK, GODWIT, GODWIT_AS, handAddress } from '../stage.ts';

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
];
