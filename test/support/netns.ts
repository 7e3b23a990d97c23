/**
 * Network namespaces for system tests: `NetworkLab` makes them, joins them with wires and bridges,
 * starts programs in them and removes all of it, also after a failed test.
 *
 * Names are `gt-<random>-<member>`, so that test files and checkouts never meet.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  addNamespace,
  type IpRoute,
  type Namespace,
  removeNamespace,
} from '../../tools/fabric/netns.ts';
import { type Running, startProcess, stopProcess } from '../../tools/fabric/process.ts';

export interface LinkEnd {
  readonly namespace: Namespace;
  readonly device: string;
  /** With prefix lengths: `10.0.0.1/24`, `fd00::1/64`. */
  readonly addresses?: readonly string[];
}

export interface BridgeSpec {
  readonly namespace: Namespace;
  readonly device: string;
  readonly addresses?: readonly string[];
}

export interface SpawnOptions {
  readonly name: string;
  readonly argv: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

export class NetworkLab {
  /** Directory for configurations, sockets and logs of this lab; removed with it. */
  readonly dir: string;
  readonly #prefix: string;
  readonly #namespaces: Namespace[] = [];
  readonly #running: Running[] = [];
  #ports = 0;

  constructor() {
    this.#prefix = `gt-${randomBytes(3).toString('hex')}-`;
    this.dir = mkdtempSync(join(tmpdir(), 'godwit-lab-'));
  }

  /** A namespace with loopback up, IPv4 and IPv6 forwarding on, no duplicate address detection. */
  async namespace(member: string): Promise<Namespace> {
    const namespace = await addNamespace(`${this.#prefix}${member}`);
    this.#namespaces.push(namespace);
    await namespace.sysctl({
      'net.ipv4.ip_forward': '1',
      'net.ipv6.conf.all.forwarding': '1',
      'net.ipv6.conf.default.accept_dad': '0',
      'net.ipv6.conf.all.accept_dad': '0',
      'net.ipv4.conf.all.rp_filter': '0',
      'net.ipv4.conf.default.rp_filter': '0',
    });
    return namespace;
  }

  /** A wire between two namespaces, up at both ends, with addresses. */
  async link(a: LinkEnd, b: LinkEnd): Promise<void> {
    await a.namespace.ip(
      ...['link', 'add', a.device, 'type', 'veth'],
      ...['peer', 'name', b.device, 'netns', b.namespace.name],
    );
    await raise(a);
    await raise(b);
  }

  /** A bridge in a namespace: members of one subnet hang on it by {@link attach}. */
  async bridge(spec: BridgeSpec): Promise<void> {
    const { namespace, device } = spec;
    await namespace.ip('link', 'add', device, 'type', 'bridge', 'stp_state', '0');
    await raise(spec);
  }

  /** Joins `end` to a bridge. */
  async attach(bridge: BridgeSpec, end: LinkEnd): Promise<void> {
    this.#ports += 1;
    const port = `p${this.#ports}`;
    await this.link({ namespace: bridge.namespace, device: port }, end);
    await bridge.namespace.ip('link', 'set', port, 'master', bridge.device);
  }

  /** Starts a program in a namespace; it is ended with the lab at the latest. */
  async spawn(namespace: Namespace, options: SpawnOptions): Promise<Running> {
    const { name, argv, env } = options;
    const logPath = join(this.dir, `${name}.log`);
    const start = { name, argv: namespace.enter(argv), logPath };
    const running = await startProcess(env === undefined ? start : { ...start, env });
    this.#running.push(running);
    return running;
  }

  /** Ends every program, removes every namespace and the directory. */
  async destroy(): Promise<void> {
    await Promise.all(this.#running.map((running) => stopProcess(running)));
    for (const namespace of this.#namespaces) await removeNamespace(namespace);
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** Routes of both families and any protocol, as `ip -j route` prints them. */
export async function allRoutes(namespace: Namespace): Promise<IpRoute[]> {
  const v4 = await namespace.ipJson<IpRoute>('-4', 'route', 'show', 'table', 'main');
  const v6 = await namespace.ipJson<IpRoute>('-6', 'route', 'show', 'table', 'main');
  return [...v4, ...v6];
}

async function raise({ namespace, device, addresses = [] }: BridgeSpec): Promise<void> {
  await namespace.batch([
    ...addresses.map((address) => {
      const nodad = address.includes(':') ? ' nodad' : '';
      return `address add ${address} dev ${device}${nodad}`;
    }),
    `link set ${device} up`,
  ]);
}
