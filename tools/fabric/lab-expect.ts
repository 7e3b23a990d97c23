/**
 * What must come of a topology, read from the file beside it (`NAME.expect.yml`): sessions and kernel routes by node,
 * who pings whom, what is tunnelled, and who dies at the end without a flow being lost.
 */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { Path } from '../../src/datastore/documents.ts';
import { expectFile, type Lab } from './lab-file.ts';
import { LabError, LabYaml, shown } from './lab-yaml.ts';

export interface Expectations {
  readonly nodes: ReadonlyMap<string, ExpectedNode>;
  /** By pod, the addresses that every other pod must reach. */
  readonly pods: ReadonlyMap<string, readonly string[]>;
  readonly tunnelled: ExpectedTunnels | undefined;
  readonly outages: readonly Outage[];
}

export interface ExpectedNode {
  /** Address → who that is: all that must be Established, as this node's daemon tells it. */
  readonly sessions: ReadonlyMap<string, string>;
  /** All routes of protocol bird; undefined: they are not looked at. */
  readonly routes: readonly ExpectedRoute[] | undefined;
  /** These among others, whoever has made them. */
  readonly has: readonly ExpectedRoute[];
}

export interface ExpectedRoute {
  readonly family: 4 | 6;
  readonly dst: string;
  /** In the order of the text; none: a blackhole. */
  readonly hops: readonly ExpectedHop[];
  readonly why: string;
}

export interface ExpectedHop {
  readonly via: string;
  readonly dev: string;
  readonly onlink: boolean;
  /**
   * A neighbor on the same link may give its link-local address beside the global one, and either
   * may be installed (RFC 2545 §3).
   */
  readonly linkLocalToo: boolean;
}

/** IP protocol 4 is counted at these ports of one node. */
export interface ExpectedTunnels {
  readonly at: string;
  /** Node → the port of `at` that leads to it, and the address by which others tunnel to it. */
  readonly ports: ReadonlyMap<string, { readonly device: string; readonly address: string }>;
  /** Nodes whose pods reach each other through the tunnel; all others without it. */
  readonly pairs: readonly (readonly [string, string])[];
}

export interface Outage {
  /** The node that dies, with all its links. */
  readonly dies: string;
  /** Milliseconds for which a flow between pods may be interrupted. */
  readonly interruptedMsMax: number;
  /** Routes of protocol bird afterwards, by node. */
  readonly routes: ReadonlyMap<string, readonly ExpectedRoute[]>;
}

/** @throws {LabError} */
export function readExpectations(lab: Lab): Expectations {
  const file = expectFile(lab);
  try {
    return parseExpectations(lab, readFileSync(file, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new LabError(`${file}: no such file; it says what must come of the topology`);
  }
}

export function parseExpectations(lab: Lab, text: string): Expectations {
  return new ExpectReader(lab, text).read();
}

class ExpectReader {
  readonly #yaml: LabYaml;
  readonly #names: readonly string[];

  constructor(lab: Lab, text: string) {
    this.#yaml = new LabYaml(expectFile(lab), text);
    this.#names = lab.nodes.map(({ name }) => name);
  }

  read(): Expectations {
    const yaml = this.#yaml;
    const root = yaml.object([], yaml.root, ['nodes', 'pods', 'tunnelled', 'outages']);
    const nodes = this.#byNode(['nodes'], root['nodes'], (at, value) => {
      const fields = yaml.object(at, value, ['sessions', 'routes', 'has']);
      const routes = (key: 'routes' | 'has'): ExpectedRoute[] =>
        this.#routes([...at, key], fields[key] ?? {});
      return {
        sessions: new Map(Object.entries(this.#sessions(at, fields['sessions'] ?? {}))),
        routes: fields['routes'] === undefined ? undefined : routes('routes'),
        has: routes('has'),
      };
    });
    const pods = this.#byNode(['pods'], root['pods'] ?? {}, (at, value) =>
      yaml.list(at, value).map((one, index) => this.#address([...at, index], one)),
    );
    const outages = yaml.list(['outages'], root['outages'] ?? []);
    return {
      nodes,
      pods,
      tunnelled: root['tunnelled'] === undefined ? undefined : this.#tunnels(root['tunnelled']),
      outages: outages.map((one, index) => this.#outage(['outages', index], one)),
    };
  }

  #byNode<T>(
    at: Path,
    value: unknown,
    read: (at: Path, value: unknown) => T,
  ): ReadonlyMap<string, T> {
    const entries = Object.entries(this.#yaml.object(at, value, this.#names));
    return new Map(entries.map(([name, one]) => [name, read([...at, name], one)]));
  }

  #sessions(at: Path, value: unknown): Record<string, string> {
    const sessions = this.#yaml.texts([...at, 'sessions'], value);
    for (const address of Object.keys(sessions)) {
      this.#address([...at, 'sessions', address], address);
      this.#name([...at, 'sessions', address], sessions[address]);
    }
    return sessions;
  }

  #routes(at: Path, value: unknown): ExpectedRoute[] {
    return Object.entries(this.#yaml.texts(at, value)).map(([text, why]) => {
      const route = parseRoute(text);
      if (route !== undefined) return { ...route, why };
      const form = 'a route is `blackhole PREFIX` or `PREFIX via ADDRESS dev DEVICE [onlink]`';
      return this.#yaml.refuse([...at, text], `${form}, with a via for each next hop`);
    });
  }

  #tunnels(value: unknown): ExpectedTunnels {
    const yaml = this.#yaml;
    const fields = yaml.object(['tunnelled'], value, ['at', 'ports', 'pairs']);
    const ports = this.#byNode(['tunnelled', 'ports'], fields['ports'], (at, one) => {
      const port = yaml.object(at, one, ['device', 'address']);
      const device = yaml.text([...at, 'device'], port['device']);
      return { device, address: this.#address([...at, 'address'], port['address']) };
    });
    const pairs = yaml.list(['tunnelled', 'pairs'], fields['pairs']).map((pair, index) => {
      const at: Path = ['tunnelled', 'pairs', index];
      const [a, b] = yaml.list(at, pair).map((one, side) => this.#name([...at, side], one));
      return a === undefined || b === undefined
        ? yaml.refuse(at, 'a pair is two nodes')
        : ([a, b] as const);
    });
    return { at: this.#name(['tunnelled', 'at'], fields['at']), ports, pairs };
  }

  #outage(at: Path, value: unknown): Outage {
    const fields = this.#yaml.object(at, value, ['dies', 'interruptedMsMax', 'routes']);
    const interruptedMsMax = fields['interruptedMsMax'];
    if (typeof interruptedMsMax !== 'number') {
      return this.#yaml.refuse([...at, 'interruptedMsMax'], 'milliseconds belong here');
    }
    const routes = this.#byNode([...at, 'routes'], fields['routes'], (where, one) =>
      this.#routes(where, one),
    );
    return { dies: this.#name([...at, 'dies'], fields['dies']), interruptedMsMax, routes };
  }

  #address(at: Path, value: unknown): string {
    const text = this.#yaml.text(at, value);
    return isIP(text) === 0 ? this.#yaml.refuse(at, `${shown(text)} is no IP address`) : text;
  }

  #name(at: Path, value: unknown): string {
    const text = this.#yaml.text(at, value);
    if (this.#names.includes(text)) return text;
    return this.#yaml.refuse(at, `no node ${shown(text)}; there are ${this.#names.join(', ')}`);
  }
}

/** `10.0.0.0/26 via 10.1.1.1 dev eth1 via 10.1.2.1 dev eth2`; `via ADDRESS|link-local` takes either. */
function parseRoute(text: string): Omit<ExpectedRoute, 'why'> | undefined {
  const [, blackhole, dst = '', rest = ''] =
    /^(blackhole )?(\S+\/\d+|default)(.*)$/.exec(text) ?? [];
  const hops = [...rest.matchAll(/ via ([^\s|]+)(\|link-local)? dev (\S+)( onlink)?/g)];
  const read = hops.map(([all]) => all).join('') === rest;
  if (dst === '' || !read || (blackhole === undefined) !== hops.length > 0) return undefined;
  return {
    family: (dst + rest).includes(':') ? 6 : 4,
    dst,
    hops: hops.map(([, via = '', either, dev = '', onlink]) => ({
      via,
      dev,
      onlink: onlink !== undefined,
      linkLocalToo: either !== undefined,
    })),
  };
}
