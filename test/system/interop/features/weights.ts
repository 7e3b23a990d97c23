/** Link bandwidth (draft-ietf-idr-link-bandwidth): what paths say of it becomes the weights of the kernel's next hops. */
import { expect } from 'vitest';
import { rawUpdate } from '../../../support/raw-peer.ts';
import { waitFor } from '../../../support/wait-for.ts';
import type { Feature } from '../feature.ts';
import { GODWIT_AS, handAddress, PATIENCE_MS, type Stage } from '../stage.ts';

const FAR = '198.51.100.0/24';
const LOCAL_PREF = [0x40, 5, 4, 0, 0, 0, 100];

/** The community of type 0x40, sub-type 4: a number of AS 64512, and octets a second as a float. */
function linkBandwidth(octetsPerSecond: number): number[] {
  const value = new DataView(new ArrayBuffer(4));
  value.setFloat32(0, octetsPerSecond);
  const float = [0, 1, 2, 3].map((at) => value.getUint8(at));
  return [0xc0, 16, 8, 0x40, 4, GODWIT_AS >>> 8, GODWIT_AS & 0xff, ...float];
}

async function announce(stage: Stage, host: number, octetsPerSecond: number): Promise<void> {
  const hand = await stage.hand(host);
  const more = [...LOCAL_PREF, ...linkBandwidth(octetsPerSecond)];
  hand.send(rawUpdate({ asPath: [], nextHop: handAddress(host), prefixes: [FAR], more }));
}

/** Gateway and weight of each next hop that the node's kernel has. */
async function weights(stage: Stage): Promise<readonly (readonly [string, number])[]> {
  const text = await stage.node.ip('-j', 'route', 'show', FAR);
  const routes = JSON.parse(text) as { nexthops?: { gateway: string; weight: number }[] }[];
  const hops = routes.flatMap(({ nexthops = [] }) => nexthops);
  return hops.map(({ gateway, weight }) => [gateway, weight] as const).sort();
}

export const WEIGHTS: readonly Feature[] = [
  {
    id: 'link-bandwidth',
    section: 'Paths',
    title:
      'Two paths, one of them by the daemon, name a link bandwidth: the kernel shares traffic by it',
    rfcs: [],
    stage: {
      ibgp: true,
      session: { client: true },
      hands: [
        { host: 3, as: GODWIT_AS, at: 'daemon', session: { client: true } },
        { host: 4, as: GODWIT_AS, at: 'godwit' },
      ],
    },
    async run(stage) {
      await stage.up();
      await announce(stage, 3, 1e9 / 8);
      await announce(stage, 4, 4e9 / 8);
      const seen = await waitFor(
        () => weights(stage),
        (hops) => hops.length === 2,
        { what: 'a route with two next hops', timeoutMs: PATIENCE_MS },
      );
      expect(seen).toEqual([
        [handAddress(3), 64],
        [handAddress(4), 256],
      ]);
      return undefined;
    },
  },
];
