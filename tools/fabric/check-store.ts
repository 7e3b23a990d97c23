/**
 * The proof of `--datastore etcd`: what is written there takes effect at once; an etcd that is killed changes no
 * route; a node that starts without it has its last configuration; what is new arrives when it is back.
 */
import { availableParallelism, loadavg } from 'node:os';
import { GodwitClient } from '../../src/cli/client.ts';
import type { Fabric } from './fabric.ts';
import { birdRoutes } from './netns.ts';
import { delay } from './process.ts';
import type { FabricStore } from './store.ts';
import { type FabricNode, NODES } from './topology.ts';

export interface StoreProof {
  readonly lines: readonly string[];
  readonly failures: readonly string[];
}

/** From a write to a neighbor of it, in milliseconds. */
const EFFECT_MS_MAX = 200;
/** From the start of a node to its neighbors without a datastore, in milliseconds, on a machine with a core to spare. */
const START_MS_MAX = 5000;
/** From etcd's return to what is new there, and for anything at all, in milliseconds. */
const BACK_MS_MAX = 10_000;
const PATIENCE_MS = 60_000;

export async function proveStore(
  fabric: Fabric,
  store: FabricStore,
  awayMs: number,
): Promise<StoreProof> {
  const lines: string[] = [];
  const failures: string[] = [];
  const say = (line: string, ok = true): void => {
    (ok ? lines : failures).push(line);
  };
  const [first, , last] = NODES as readonly [FabricNode, FabricNode, FabricNode];
  await proveEffect(fabric, store, { node: first, say });
  const before = await allRoutes();
  await store.kill();
  await delay(awayMs / 2);
  const restarted = await restartWithout(fabric, last);
  say(`${last.name} restarted without etcd: ${restarted.text}`, restarted.ok);
  await delay(awayMs / 2);
  const same = JSON.stringify(await allRoutes()) === JSON.stringify(before);
  say(`etcd was dead for ${awayMs / 1000} s: ${same ? 'no' : 'some'} route changed`, same);
  const status = await ask(fabric, first, (client) => client.getStatus());
  const { state, reason, sinceSeconds } = status.datastore;
  const lost = state === 'lost' && sinceSeconds >= awayMs / 1000 - 5;
  say(`${first.name} says meanwhile: ${state} for ${Math.round(sinceSeconds)} s: ${reason}`, lost);
  await store.restart();
  const took = await untilNeighbor(fabric, first, () => store.put(peer('192.0.2.251')));
  say(`etcd is back: a new BGPPeer took ${took ?? 'too long'} ms`, took !== undefined);
  await store.remove(peer('192.0.2.251'));
  return { lines, failures };

  async function allRoutes(): Promise<unknown[]> {
    const places = NODES.flatMap((node) => [4, 6].map((family) => ({ node, family })));
    return Promise.all(
      places.map(({ node, family }) => birdRoutes(fabric.network.of(node.name), family as 4 | 6)),
    );
  }
}

interface Stage {
  readonly node: FabricNode;
  readonly say: (line: string, ok?: boolean) => void;
}

async function proveEffect(
  fabric: Fabric,
  store: FabricStore,
  { node, say }: Stage,
): Promise<void> {
  // From the answer of etcd: starting etcdctl takes longer than all the rest.
  const took = await untilNeighbor(fabric, node, () => store.put(peer('192.0.2.250')));
  const ok = took !== undefined && took < EFFECT_MS_MAX;
  say(`A BGPPeer written to etcd was a neighbor of ${node.name} ${took} ms later`, ok);
  await store.remove(peer('192.0.2.250'));
}

/** Milliseconds from the end of `write` until the node has a neighbor more; undefined when it never has. */
async function untilNeighbor(
  fabric: Fabric,
  node: FabricNode,
  write: () => Promise<void>,
): Promise<number | undefined> {
  return ask(fabric, node, async (client) => {
    const before = (await client.getStatus()).neighborsConfigured;
    await write();
    const begin = performance.now();
    while (performance.now() - begin < BACK_MS_MAX) {
      if ((await client.getStatus()).neighborsConfigured > before) {
        return Math.round(performance.now() - begin);
      }
      await delay(5);
    }
    return undefined;
  });
}

async function restartWithout(
  fabric: Fabric,
  node: FabricNode,
): Promise<{ readonly text: string; readonly ok: boolean }> {
  await fabric.stopNode(node.name);
  const begin = performance.now();
  await fabric.startNode(node.name);
  for (;;) {
    const took = Math.round(performance.now() - begin);
    try {
      const status = await ask(fabric, node, (client) => client.getStatus());
      if (status.neighborsConfigured > 0) {
        const { reason } = status.datastore;
        // Starting is two seconds of CPU: on a machine that others use they take longer.
        const share = Math.max(1, loadavg()[0]! / availableParallelism());
        const ok = took < START_MS_MAX * share && reason.includes('stale since');
        return { text: `its neighbors after ${took} ms, ${reason}`, ok };
      }
    } catch (error) {
      if (took > PATIENCE_MS) throw error; // its socket is not there yet
    }
    if (took > PATIENCE_MS) return { text: `no neighbors after ${took} ms`, ok: false };
    await delay(50);
  }
}

async function ask<T>(
  fabric: Fabric,
  node: FabricNode,
  question: (client: GodwitClient) => Promise<T>,
): Promise<T> {
  const client = new GodwitClient(fabric.controlSocket(node.name));
  try {
    return await question(client);
  } finally {
    client.close();
  }
}

/** Somebody who never answers, as a peer of the first node alone. */
function peer(peerIP: string): unknown {
  return {
    apiVersion: 'projectcalico.org/v3',
    kind: 'BGPPeer',
    metadata: { name: `proof-${peerIP.replaceAll('.', '-')}` },
    spec: { node: NODES[0]!.name, peerIP, asNumber: 64999 },
  };
}
