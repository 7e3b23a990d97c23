/**
 * A daemon with a million prefixes on their way through it: a feed and a sink in C, a peer made by hand with a hold
 * time of three seconds, and what can be asked of the daemon meanwhile.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { buildLoad, Load, type LoadAnswer } from '../../bench/lab.ts';
import { type LoopSample, parseLoopSample } from '../../bench/loop-delay.ts';
import type { Namespace } from '../../tools/fabric/netns.ts';
import { type CalicoResource, calico, Godwit } from './godwit.ts';
import { NetworkLab } from './netns.ts';
import { Portal } from './portal.ts';
import { RawPeer, rawUpdate, usualCapabilities } from './raw-peer.ts';

const NODE = '10.99.0.1';
const FEED = { address: '10.99.1.1', as: 65_001 };
const SINK = { address: '10.99.2.1', as: 65_101 };
/** The peer with the short hold time, on a wire of its own. */
const QUICK_NODE = '10.98.0.1';
export const QUICK = { address: '10.98.0.2', as: 65_010, holdTime: 3 };
/** What it announces: the one prefix beside the table that the sink's side keeps an eye on. */
const EXTRA_PREFIX = '198.51.100.0/24';
const METRICS = '127.0.0.1:9179';

/** The filter of the quick peer. */
export function quickFilter(action: 'Accept' | 'Reject'): CalicoResource {
  return calico('BGPFilter', 'quick', {
    importV4: [{ action }],
    exportV4: [{ action: 'Reject' }],
  });
}

export class LoadedDaemon {
  readonly lab = new NetworkLab();
  #godwit: Godwit | undefined;
  #load: Load | undefined;
  #quick: RawPeer | undefined;
  #node: Namespace | undefined;

  static async start(prefixes: number): Promise<LoadedDaemon> {
    const loaded = new LoadedDaemon();
    await loaded.#start(prefixes);
    return loaded;
  }

  get godwit(): Godwit {
    return this.#godwit!;
  }

  get quick(): RawPeer {
    return this.#quick!;
  }

  command(line: string): Promise<LoadAnswer> {
    return this.#load!.command(line);
  }

  /** The loop's histograms; costs a process, so ask before and after, not meanwhile. */
  async loop(): Promise<LoopSample> {
    const ask = `fetch('http://${METRICS}/metrics').then((a) => a.text()).then(console.log)`;
    return parseLoopSample(await this.#node!.runOk([process.execPath, '-e', ask]));
  }

  async destroy(): Promise<void> {
    this.#quick?.close();
    await this.#load?.stop();
    await this.#godwit?.end();
    await this.lab.destroy();
  }

  async #start(prefixes: number): Promise<void> {
    const { lab } = this;
    const node = await lab.namespace('node');
    const crowd = await lab.namespace('crowd');
    const peers = await lab.namespace('peers');
    this.#node = node;
    const ends = [FEED, SINK].map(({ address }) => `${address}/16`);
    await lab.link(
      { namespace: node, device: 'eth0', addresses: [`${NODE}/16`] },
      { namespace: crowd, device: 'eth0', addresses: ends },
    );
    await lab.link(
      { namespace: node, device: 'eth1', addresses: [`${QUICK_NODE}/24`] },
      { namespace: peers, device: 'eth0', addresses: [`${QUICK.address}/24`] },
    );
    this.#godwit = new Godwit({
      lab,
      namespace: node,
      name: 'node',
      resources: resources(),
      config: { kernel: { enabled: false }, log: { level: 'warn', format: 'json' } },
    });
    await this.godwit.start();
    await this.godwit.untilReady();
    const words = [`feed=${FEED.address},${FEED.as}`, `sink=${SINK.address},${SINK.as}`];
    const options = [NODE, String(prefixes), 'timeout=90', ...words];
    this.#load = await Load.start(await buildLoad(), crowd, options);
    await this.command('connect sinks');
    await this.command('connect feeds');
    const portal = await Portal.open(lab, peers, 'peers');
    this.#quick = new RawPeer(
      await portal.dial({ host: QUICK_NODE, port: 179, from: QUICK.address }),
    );
    await this.quick.establish({
      as: QUICK.as,
      identifier: 7,
      holdTime: QUICK.holdTime,
      capabilities: usualCapabilities(QUICK.as),
    });
    this.quick.keepAlive((QUICK.holdTime * 1000) / 3);
    const { as, address } = QUICK;
    this.quick.send(rawUpdate({ asPath: [as], nextHop: address, prefixes: [EXTRA_PREFIX] }));
    while ((await this.command('wait 50'))['extraSeen'] !== 1) await sleep(50);
  }
}

function resources(): CalicoResource[] {
  const all = calico('BGPFilter', 'all', {
    importV4: [{ action: 'Accept' }],
    exportV4: [{ action: 'Accept' }],
  });
  const peer = (name: string, { address, as }: typeof FEED, filter: string): CalicoResource =>
    calico('BGPPeer', name, { peerIP: address, asNumber: as, filters: [filter] });
  return [
    calico('Node', 'node', { bgp: { asNumber: 64_512, ipv4Address: `${NODE}/16` } }),
    calico('BGPConfiguration', 'default', { asNumber: 64_512, nodeToNodeMeshEnabled: false }),
    all,
    quickFilter('Accept'),
    peer('feed', FEED, 'all'),
    peer('sink', SINK, 'all'),
    peer('quick', QUICK, 'quick'),
  ];
}
