/**
 * What chaos does to a node, one act at a time: each says what it did, what the log must explain because of it, and
 * how it is undone before the next quiet point, where it must be.
 */

import type { Prng } from '../../src/base/prng.ts';
import { type Block, OUR_METRIC, type World } from './world.ts';

export interface Done {
  /** For people. */
  readonly what: string;
  /** Prefixes of ours that were disturbed and must be told of as restored. */
  readonly disturbed?: readonly string[];
  /** All that was disturbed in this round is explained by it: a restart, lost events, a link. */
  readonly explainsAll?: boolean;
  /** Before the next quiet point. */
  undo?(): Promise<void>;
}

/** Undefined: not possible now. */
export type Act = (world: World, victims: Victims) => Promise<Done | undefined>;

/** Disturbed rows are met with delays that double; chaos is no second writer, so it leaves each alone for a while. */
const CALM_MS = 65_000;
const STRIKES_MAX = 2;

export class Victims {
  readonly prng: Prng;
  readonly #strikes = new Map<string, { count: number; at: number }>();

  constructor(prng: Prng) {
    this.prng = prng;
  }

  /** Up to `count` blocks of these kinds that were left alone lately, and are nobody else's. */
  take(world: World, count: number, kinds: readonly Block['kind'][]): Block[] {
    const now = performance.now();
    const fit = [...world.blocks.values()].filter(({ cidr, kind }) => {
      const strikes = this.#strikes.get(cidr);
      const rested =
        strikes === undefined || strikes.count < STRIKES_MAX || now - strikes.at > CALM_MS;
      return rested && kinds.includes(kind) && !world.isTaken(cidr);
    });
    const taken: Block[] = [];
    while (taken.length < count && fit.length > 0) {
      taken.push(fit.splice(this.prng.below(fit.length), 1)[0]!);
    }
    for (const { cidr } of taken) this.#strike(cidr, now);
    return taken;
  }

  /** Whether all of them may be disturbed at once. */
  allRested(world: World): boolean {
    const now = performance.now();
    const all = [...world.blocks.keys()];
    const rested = all.every((cidr) => {
      const strikes = this.#strikes.get(cidr);
      return strikes === undefined || strikes.count < STRIKES_MAX || now - strikes.at > CALM_MS;
    });
    if (rested) for (const cidr of all) this.#strike(cidr, now);
    return rested;
  }

  /** The daemon has forgotten: it is another process. */
  forget(): void {
    this.#strikes.clear();
  }

  #strike(cidr: string, now: number): void {
    const before = this.#strikes.get(cidr);
    const count = before === undefined || now - before.at > CALM_MS ? 1 : before.count + 1;
    this.#strikes.set(cidr, { count, at: now });
  }
}

const gatewayOf = ({ kind }: Block, last: number): string =>
  kind === 'six' ? `fd09::${last}` : `10.9.0.${last}`;
const named = (blocks: readonly Block[]): string[] => blocks.map(({ cidr }) => cidr);

const deleteRoutes: Act = async (world, victims) => {
  const blocks = victims.take(world, 1 + victims.prng.below(12), ['direct', 'six']);
  if (blocks.length === 0) return undefined;
  const gone = await deleteThose(world, blocks);
  return { what: `deleted ${gone.length} routes`, disturbed: named(gone) };
};

const changeRoutes: Act = async (world, victims) => {
  const blocks = victims.take(world, 1 + victims.prng.below(8), ['direct']);
  if (blocks.length === 0) return undefined;
  const metric = `metric ${OUR_METRIC}`;
  const lines = blocks.map(
    (block) => `route change ${block.cidr} via ${gatewayOf(block, 77)} proto 12 ${metric}`,
  );
  const done = await world.attempt('four', lines);
  const changed = blocks.filter((_, i) => done[i]);
  return { what: `changed ${changed.length} routes`, disturbed: named(changed) };
};

const shadow: Act = async (world, victims) => {
  const [block] = victims.take(world, 1, ['direct']);
  if (block === undefined) return undefined;
  const metric = 1 + victims.prng.below(OUR_METRIC - 1);
  const route = { prefix: block.cidr, what: 'via 10.99.0.2 dev side0', protocol: 4, metric };
  if (world.foreign.has(`${block.cidr} ${metric}`)) return undefined;
  await world.addForeign(route);
  return { what: `shadowed ${block.cidr} with metric ${metric}` };
};

/** The key of ours is another's before godwit has put ours back, or ours is there again: both are right. */
const takeKey: Act = async (world, victims) => {
  const [block] = victims.take(world, 1, ['direct']);
  if (block === undefined) return undefined;
  const route = {
    prefix: block.cidr,
    what: 'blackhole',
    protocol: 80,
    metric: OUR_METRIC,
  };
  const words = `${block.cidr} proto 80 metric ${OUR_METRIC}`;
  await world.node.batch([`route replace blackhole ${words}`]);
  world.foreign.set(`${block.cidr} ${OUR_METRIC}`, route);
  return { what: `took the key of ${block.cidr}` };
};

const freeKey: Act = async (world, victims) => {
  const all = [...world.foreign.values()];
  const route = all[victims.prng.below(Math.max(1, all.length))];
  if (route === undefined) return undefined;
  await world.removeForeign(route);
  return { what: `took away another's ${route.prefix} metric ${route.metric}` };
};

/** Protocols of people, Felix, FRR, and (outside the pools) a stock BIRD. */
const addForeign: Act = async (world, victims) => {
  const { prng } = victims;
  const inPool = prng.below(2) === 0;
  const protocol = [4, 80, 186, ...(inPool ? [] : [12])][prng.below(inPool ? 3 : 4)]!;
  const prefix = `${inPool ? '10.244' : '172.20'}.${prng.below(250)}.${192 + prng.below(60)}/32`;
  if (world.foreign.has(`${prefix} 7`)) return undefined;
  const what = prng.below(2) === 0 ? 'blackhole' : 'via 10.99.0.2 dev side0';
  await world.addForeign({ prefix, what, protocol, metric: 7 });
  return { what: `added ${prefix} of protocol ${protocol}` };
};

const flush: Act = async (world, victims) => {
  if (!victims.allRested(world)) return undefined;
  await world.node.ip('route', 'flush', 'proto', '12', 'root', '10.244.0.0/15');
  await world.node.ip('-6', 'route', 'flush', 'proto', '12');
  const direct = [...world.blocks.values()].filter(({ kind }) => kind !== 'tunnelled');
  return { what: 'flushed all routes', disturbed: named(direct) };
};

/** More events than a socket of 8 MB holds while nobody reads it. */
const overflow: Act = async (world) => {
  const { pid } = world.godwit.running;
  process.kill(pid, 'SIGSTOP');
  try {
    const lines: string[] = [];
    for (let i = 0; i < 14_000; i++) {
      lines.push(`route add blackhole 100.${64 + (i >> 8)}.${i & 255}.0/24 table 99`);
    }
    await world.node.batch(lines);
    await world.node.ip('route', 'flush', 'table', '99');
    await world.node.ip('route', 'flush', 'proto', '12', 'root', '10.244.0.0/18');
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  return { what: 'overflowed the event socket and flushed meanwhile', explainsAll: true };
};

const pullLink: Act = async (world, victims) => {
  const far = victims.prng.below(2) === 0;
  const side = far ? world.neighborSide : world.node;
  await side.ip('link', 'set', 'eth0', 'down');
  await pause(victims.prng.below(300));
  return {
    what: far ? 'pulled the carrier' : 'set the link down',
    explainsAll: true,
    undo: async () => {
      await side.ip('link', 'set', 'eth0', 'up');
    },
  };
};

const loseAddress: Act = async (world, victims) => {
  await world.node.ip('address', 'delete', '10.9.0.1/24', 'dev', 'eth0');
  await pause(victims.prng.below(300));
  return {
    what: 'deleted the address',
    explainsAll: true,
    undo: async () => {
      await world.node.ip('address', 'add', '10.9.0.1/24', 'dev', 'eth0');
    },
  };
};

const tunnel: Act = async (world, { prng }) => {
  const names = (await world.node.ipJson<{ ifname: string }>('link', 'show')).map(
    ({ ifname }) => ifname,
  );
  if (names.includes('parked0')) {
    await world.node.batch([
      'link set parked0 down',
      'link set parked0 name tunl0',
      'link set tunl0 up',
    ]);
    return { what: 'renamed a device to tunl0', explainsAll: true };
  }
  if (!names.includes('tunl0')) {
    await world.node.batch(['link add tunl0 type veth peer name far0', 'link set far0 up']);
    await world.node.batch(['link set tunl0 up']);
    return { what: 'made tunl0' };
  }
  const choice = prng.below(3);
  if (choice === 0) await world.node.ip('link', 'delete', 'tunl0');
  else if (choice === 1) {
    await world.node.batch([
      'link set tunl0 down',
      'link set tunl0 name parked0',
      'link set parked0 up',
    ]);
  } else await world.node.batch(['link set tunl0 down', 'link set tunl0 up']);
  const what = ['deleted tunl0', 'renamed tunl0', 'set tunl0 down and up'][choice]!;
  return { what, explainsAll: true };
};

const moveBlocks: Act = async (world, { prng }) => {
  const all = [...world.blocks.values()].filter(({ cidr }) => !world.isTaken(cidr));
  const gone = all[prng.below(all.length)]!;
  world.withdraw(gone);
  const cidr = `10.244.${160 + prng.below(90)}.0/26`;
  const fresh = !world.blocks.has(cidr);
  if (fresh) world.announce({ cidr, kind: 'direct' });
  return { what: `withdrew ${gone.cidr}${fresh ? ` and announced ${cidr}` : ''}` };
};

const kill: Act = async (world, victims) => {
  const signal = victims.prng.below(3) === 0 ? 'SIGTERM' : 'SIGKILL';
  await world.godwit.kill(signal);
  const blocks = await deleteThose(world, victims.take(world, 3, ['direct']));
  victims.forget();
  await world.godwit.start();
  return { what: `${signal}, deleted ${blocks.length} routes, started again`, explainsAll: true };
};

/** With how often each is drawn. */
const ACTS: readonly (readonly [Act, number])[] = [
  [deleteRoutes, 6],
  [changeRoutes, 4],
  [shadow, 2],
  [takeKey, 2],
  [freeKey, 3],
  [addForeign, 3],
  [flush, 1],
  [overflow, 1],
  [pullLink, 2],
  [loseAddress, 1],
  [tunnel, 4],
  [moveBlocks, 4],
  [kill, 1],
];

export function drawAct(prng: Prng): Act {
  const total = ACTS.reduce((sum, [, weight]) => sum + weight, 0);
  let left = prng.below(total);
  for (const [act, weight] of ACTS) {
    if (left < weight) return act;
    left -= weight;
  }
  return deleteRoutes;
}

/** Deletes what is there at this moment: an act before may have left less. @returns what went. */
async function deleteThose(world: World, blocks: readonly Block[]): Promise<Block[]> {
  const lines = (family: 'six' | 'four'): Block[] =>
    blocks.filter(({ kind }) => (kind === 'six') === (family === 'six'));
  const gone: Block[] = [];
  for (const family of ['four', 'six'] as const) {
    const those = lines(family);
    const done = await world.attempt(
      family,
      those.map(({ cidr }) => `route delete ${cidr} proto 12`),
    );
    gone.push(...those.filter((_, i) => done[i]));
  }
  return gone;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
