/**
 * One cell's world: godwit and the daemon on one subnet, and, where a feature wants them, peers made by hand that talk
 * to either of the two. Everything is in namespaces of its own, so that cells run side by side.
 */
import type { RouteMessage } from '../../../src/api/messages.ts';
import type { Namespace } from '../../../tools/fabric/netns.ts';
import { type CalicoResource, calico, Godwit, profile } from '../../support/godwit.ts';
import type {
  Daemon,
  DaemonConfig,
  DaemonName,
  DaemonSession,
  Family,
  Origination,
  PathSeen,
} from '../../support/interop/daemon.ts';
import { makeDaemon } from '../../support/interop/drivers.ts';
import { NetworkLab } from '../../support/netns.ts';
import { Portal } from '../../support/portal.ts';
import { RawPeer } from '../../support/raw-peer.ts';
import { waitFor } from '../../support/wait-for.ts';

export const GODWIT_AS = 64_512;
export const DAEMON_AS = 64_601;
export const GODWIT = { ipv4: '10.9.0.1', ipv6: 'fd09::1' } as const;
export const DAEMON = { ipv4: '10.9.0.2', ipv6: 'fd09::2' } as const;
/** godwit's own blocks. */
export const BLOCK = { ipv4: '10.244.1.0/26', ipv6: 'fd00:10:244:1::/122' } as const;
/** The daemon's own routes. */
export const ROUTE = { ipv4: '203.0.113.0/24', ipv6: '2001:db8:a::/48' } as const;
/** Two cores carry six cells, and whatever else runs: what takes a second alone may take many. */
export const PATIENCE_MS = 60_000;
/** A look at a daemon costs a process of its client. */
const POLL_MS = 250;

export interface StageOptions {
  readonly ibgp?: boolean;
  /** A session for each. */
  readonly families?: readonly Family[];
  readonly godwitAs?: number;
  readonly daemonAs?: number;
  /** What the daemon is told of its session with godwit. */
  readonly session?: Partial<DaemonSession>;
  /** What godwit is told of its session with the daemon: spec of the BGPPeer. */
  readonly peer?: Readonly<Record<string, unknown>>;
  /** Settings of a PeerProfile for the sessions with the daemon. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** godwit has no BGPPeer for the daemon. */
  readonly unnamed?: boolean;
  /** Into `spec.bgp` of the Node. */
  readonly node?: Readonly<Record<string, unknown>>;
  readonly resources?: readonly CalicoResource[];
  readonly originate?: readonly Origination[];
  readonly clusterId?: string;
  readonly hands?: readonly Hand[];
}

/** A peer made by hand: `host` is the last octet of its address, which is its identifier as well. */
export interface Hand {
  readonly host: number;
  readonly as: number;
  readonly at: 'godwit' | 'daemon';
  /** What the daemon is told of it. */
  readonly session?: Partial<DaemonSession>;
  /** What godwit is told of it: spec of the BGPPeer. */
  readonly peer?: Readonly<Record<string, unknown>>;
  /** godwit has no BGPPeer for it. */
  readonly unnamed?: boolean;
}

export type Path = RouteMessage['paths'][0];

export class Stage {
  readonly lab = new NetworkLab();
  readonly daemonName: DaemonName;
  readonly #options: StageOptions;
  #godwit: Godwit | undefined;
  #daemon: Daemon | undefined;
  #portal: Portal | undefined;
  #flapsWhileStarting = 0;
  node!: Namespace;
  machine!: Namespace;

  private constructor(daemonName: DaemonName, options: StageOptions) {
    this.daemonName = daemonName;
    this.#options = options;
  }

  /** Namespaces, wires and configurations; nothing runs yet but the hands' portal. */
  static async set(daemonName: DaemonName, options: StageOptions): Promise<Stage> {
    const stage = new Stage(daemonName, options);
    await stage.#wire();
    return stage;
  }

  /** Also starts both daemons and waits for their sessions. */
  async up(): Promise<void> {
    await Promise.all([this.daemon.start(this.daemonConfig), this.godwit.start()]);
    await this.untilEstablished();
    this.#flapsWhileStarting = (await this.godwit.neighbor(DAEMON[this.families[0]!])).flaps;
  }

  /** Sessions that were lost since `up`. A daemon may drop one while it starts, as when its connection collides with ours. */
  async flaps(): Promise<number> {
    return (await this.godwit.neighbor(DAEMON[this.families[0]!])).flaps - this.#flapsWhileStarting;
  }

  get godwit(): Godwit {
    return this.#godwit!;
  }

  get daemon(): Daemon {
    return this.#daemon!;
  }

  get families(): readonly Family[] {
    return this.#options.families ?? ['ipv4'];
  }

  get daemonConfig(): DaemonConfig {
    const { hands = [], clusterId, originate = [] } = this.#options;
    return {
      as: this.#daemonAs,
      routerId: DAEMON.ipv4,
      ...(clusterId === undefined ? {} : { clusterId }),
      sessions: [
        ...this.families.map((family) => ({
          local: DAEMON[family],
          remote: GODWIT[family],
          remoteAs: this.#godwitAs,
          families: [family],
          ...this.#options.session,
        })),
        ...hands
          .filter(({ at }) => at === 'daemon')
          .map(({ host, as, session }) => ({
            local: DAEMON.ipv4,
            remote: handAddress(host),
            remoteAs: as,
            families: ['ipv4' as const],
            passive: true,
            ...session,
          })),
      ],
      originate,
    };
  }

  /** Name and spec of the BGPPeer of the first session. */
  get daemonPeer(): string {
    return `daemon-${this.families[0]}`;
  }

  get peerSpec(): Readonly<Record<string, unknown>> {
    return this.#peerSpec(this.families[0]!);
  }

  #peerSpec(family: Family): Readonly<Record<string, unknown>> {
    return { peerIP: DAEMON[family], asNumber: this.#daemonAs, ...this.#options.peer };
  }

  /** Stops all processes of the daemon where they are, or lets them go on. */
  async freeze(signal: 'SIGSTOP' | 'SIGCONT'): Promise<void> {
    for (const pid of await this.machine.pids()) process.kill(pid, signal);
  }

  /** A connection of `host` to whom it belongs, with nothing said yet. */
  async dial(host: number, options: { readonly as4?: boolean } = {}): Promise<RawPeer> {
    const hand = this.#options.hands?.find((one) => one.host === host);
    const to = hand?.at === 'godwit' ? GODWIT.ipv4 : DAEMON.ipv4;
    const from = handAddress(host);
    const socket = await waitFor(
      () => this.#portal!.dial({ host: to, port: 179, from }),
      () => true,
      { what: `${from} to reach ${to}`, timeoutMs: PATIENCE_MS, intervalMs: 200 },
    );
    return new RawPeer(socket, options);
  }

  /** The same, Established, with 4-octet AS numbers and IPv4. */
  async hand(host: number): Promise<RawPeer> {
    const { as } = this.#options.hands!.find((one) => one.host === host)!;
    for (const end = performance.now() + PATIENCE_MS; ; ) {
      const peer = await this.dial(host);
      try {
        await peer.establish({
          as: as > 0xffff ? 23_456 : as,
          identifier: (10 << 24) | (9 << 16) | host,
          capabilities: [
            { kind: 'multiprotocol', afi: 1, safi: 1 },
            { kind: 'fourOctetAs', asn: as },
          ],
        });
        peer.keepAlive(10_000);
        return peer;
      } catch (error) {
        // A daemon that has just begun may not yet know its neighbors, and hangs up.
        peer.close();
        if (performance.now() > end) throw error;
      }
    }
  }

  async untilEstablished(): Promise<void> {
    for (const family of this.families) {
      await this.untilSession(family, true);
    }
  }

  /** Until both sides say so. */
  async untilSession(family: Family, established: boolean): Promise<void> {
    await waitFor(
      async () => ({
        godwit: (await this.godwit.neighbor(DAEMON[family])).state,
        daemon: (await this.daemon.session(GODWIT[family])).established,
      }),
      ({ godwit, daemon }) => (godwit === 'Established') === established && daemon === established,
      {
        what: `the ${family} session to be ${established ? 'up' : 'down'}; ${this.daemonName} says ${this.daemon.log().slice(-1_500)}`,
        timeoutMs: PATIENCE_MS,
        intervalMs: POLL_MS,
      },
    );
  }

  /** godwit's paths for `prefix`, whoever sent them. */
  async godwitPaths(prefix: string): Promise<readonly Path[]> {
    const [route] = await this.godwit.routes(prefix);
    return route?.paths ?? [];
  }

  /** Until godwit has a path for `prefix` of which `holds` is true; it is returned. */
  async untilLearned(prefix: string, holds: (path: Path) => boolean = () => true): Promise<Path> {
    const paths = await waitFor(
      () => this.godwitPaths(prefix),
      (all) => all.some(holds),
      { what: `godwit to learn ${prefix}`, timeoutMs: PATIENCE_MS, intervalMs: POLL_MS },
    );
    return paths.find(holds)!;
  }

  async untilForgotten(prefix: string): Promise<void> {
    await waitFor(
      () => this.godwitPaths(prefix),
      (paths) => paths.length === 0,
      { what: `godwit to forget ${prefix}`, timeoutMs: PATIENCE_MS, intervalMs: POLL_MS },
    );
  }

  /** Until the daemon has a path for `prefix` of which `holds` is true; it is returned. */
  async untilTold(
    prefix: string,
    holds: (path: PathSeen) => boolean = () => true,
  ): Promise<PathSeen> {
    const paths = await waitFor(
      () => this.daemon.paths(prefix),
      (all) => all.some(holds),
      {
        what: `${this.daemonName} to learn ${prefix}`,
        timeoutMs: PATIENCE_MS,
        intervalMs: POLL_MS,
      },
    );
    return paths.find(holds)!;
  }

  async untilUntold(prefix: string): Promise<void> {
    await waitFor(
      () => this.daemon.paths(prefix),
      (paths) => paths.length === 0,
      {
        what: `${this.daemonName} to forget ${prefix}`,
        timeoutMs: PATIENCE_MS,
        intervalMs: POLL_MS,
      },
    );
  }

  async strike(): Promise<void> {
    await this.lab.destroy();
  }

  get #godwitAs(): number {
    return this.#options.godwitAs ?? GODWIT_AS;
  }

  get #daemonAs(): number {
    const { daemonAs, ibgp = false } = this.#options;
    return daemonAs ?? (ibgp ? this.#godwitAs : DAEMON_AS);
  }

  async #wire(): Promise<void> {
    const { lab } = this;
    const { hands = [] } = this.#options;
    this.node = await lab.namespace('node');
    const own = [`${GODWIT.ipv4}/24`, `${GODWIT.ipv6}/64`];
    const bridge = { namespace: this.node, device: 'eth0', addresses: own };
    await lab.bridge(bridge);
    this.machine = await lab.namespace('daemon');
    const addresses = [`${DAEMON.ipv4}/24`, `${DAEMON.ipv6}/64`];
    await lab.attach(bridge, { namespace: this.machine, device: 'eth0', addresses });
    this.#daemon = makeDaemon(this.daemonName, { lab, namespace: this.machine, name: 'daemon' });
    this.#godwit = new Godwit({
      lab,
      namespace: this.node,
      name: 'node',
      resources: this.#resources(),
      config: { policy: { outside: 'calico' } },
    });
    if (hands.length === 0) return;
    const namespace = await lab.namespace('hands');
    const theirs = hands.map(({ host }) => `${handAddress(host)}/24`);
    await lab.attach(bridge, { namespace, device: 'eth0', addresses: theirs });
    this.#portal = await Portal.open(lab, namespace, 'hands');
  }

  #resources(): CalicoResource[] {
    const { node, resources = [], hands = [], settings, unnamed = false } = this.#options;
    const peers = this.families.map((family) => `daemon-${family}`);
    const address = { ipv4Address: `${GODWIT.ipv4}/24`, ipv6Address: `${GODWIT.ipv6}/64` };
    const pools = { ipv4: '10.244.0.0/16', ipv6: 'fd00:10:244::/48' };
    return [
      calico('Node', 'node', { bgp: { ...address, asNumber: this.#godwitAs, ...node } }),
      ...(['ipv4', 'ipv6'] as const).flatMap((family) => [
        calico('IPPool', `pods-${family}`, { cidr: pools[family] }),
        calico('BlockAffinity', family, {
          node: 'node',
          cidr: BLOCK[family],
          state: 'confirmed',
        }),
      ]),
      ...(unnamed ? [] : this.families).map((family) =>
        calico('BGPPeer', `daemon-${family}`, this.#peerSpec(family)),
      ),
      ...hands
        .filter(({ at, unnamed: isUnnamed = false }) => at === 'godwit' && !isUnnamed)
        .map((hand) =>
          // A port of 1: godwit's own calls find nobody there.
          calico('BGPPeer', `hand-${hand.host}`, {
            peerIP: `${handAddress(hand.host)}:1`,
            asNumber: hand.as,
            ...hand.peer,
          }),
        ),
      ...(settings === undefined ? [] : [profile({ sessions: { peers }, settings })]),
      ...resources,
    ];
  }
}

/** Until godwit says so of the daemon; then `godwit show neighbors` has it in the daemon's one line. */
export async function untilSaid({ godwit }: Stage, what: RegExp): Promise<void> {
  await waitFor(
    async () => (await godwit.neighbor(DAEMON.ipv4)).downBecause ?? '',
    (text) => what.test(text),
    { what: `godwit to say ${what}`, timeoutMs: PATIENCE_MS, intervalMs: POLL_MS },
  );
  const lines = (await godwit.command('show', 'neighbors')).split('\n');
  const said = lines.filter((line) => line.includes(DAEMON.ipv4) && !line.includes('Established'));
  if (said.length !== 1 || !what.test(said[0]!)) throw new Error(`not in one line: ${lines}`);
}

export function handAddress(host: number): string {
  return `10.9.0.${host}`;
}
