/**
 * Where chaos happens: a node and its neighbor, both godwitd, a wire that is pulled and one that is not, and what must
 * be true: which blocks the neighbor announces, which routes of others stand in the node's kernel.
 */

import { calico, Godwit } from '../../test/support/godwit.ts';
import { NetworkLab } from '../../test/support/netns.ts';
import type { Namespace } from '../fabric/netns.ts';
import { run } from '../fabric/process.ts';

/** Of the neighbor, at the start; some come and go. */
const DIRECT = 160;
const TUNNELLED = 40;
const SIX = 40;
const NEIGHBOR = '10.9.0.2';

export interface Block {
  readonly cidr: string;
  readonly kind: 'direct' | 'tunnelled' | 'six';
}

/** A route of others, as `ip` is told it and as it must still be found. */
export interface ForeignRoute {
  readonly prefix: string;
  /** `via 10.99.0.2 dev side0`, `blackhole`. */
  readonly what: string;
  readonly protocol: number;
  readonly metric: number;
}

export class World {
  readonly lab = new NetworkLab();
  readonly blocks = new Map<string, Block>();
  readonly foreign = new Map<string, ForeignRoute>();
  node!: Namespace;
  neighborSide!: Namespace;
  godwit!: Godwit;
  neighbor!: Godwit;

  async build(): Promise<void> {
    const { lab } = this;
    this.node = await lab.namespace('node');
    this.neighborSide = await lab.namespace('neighbor');
    await lab.link(
      { namespace: this.node, device: 'eth0', addresses: ['10.9.0.1/24', 'fd09::1/64'] },
      { namespace: this.neighborSide, device: 'eth0', addresses: ['10.9.0.2/24', 'fd09::2/64'] },
    );
    // Never pulled: routes of others through it are nobody's to lose.
    await lab.link(
      { namespace: this.node, device: 'side0', addresses: ['10.99.0.1/24'] },
      { namespace: this.neighborSide, device: 'side0', addresses: ['10.99.0.2/24'] },
    );
    const keep = { 'net.ipv6.conf.all.keep_addr_on_down': '1' };
    await this.node.sysctl(keep);
    await this.neighborSide.sysctl(keep);
    for (let i = 0; i < DIRECT; i++) this.#block(`10.244.${i}.0/26`, 'direct');
    for (let i = 0; i < TUNNELLED; i++) this.#block(`10.245.${i}.0/26`, 'tunnelled');
    for (let i = 1; i <= SIX; i++) this.#block(`fd00:244:${i.toString(16)}::/122`, 'six');
    this.neighbor = this.#daemon('neighbor', this.neighborSide, [...this.blocks.values()]);
    this.godwit = this.#daemon('node', this.node, []);
    await Promise.all([this.neighbor.start(), this.godwit.start()]);
  }

  /** The neighbor announces it from now on. */
  announce(block: Block): void {
    this.blocks.set(block.cidr, block);
    this.neighbor.writeResource(affinity(block));
  }

  withdraw(block: Block): void {
    this.blocks.delete(block.cidr);
    this.neighbor.removeResource('BlockAffinity', affinityName(block));
  }

  async addForeign(route: ForeignRoute): Promise<void> {
    await this.node.ip(...familyOf(route), 'route', 'add', ...wordsOf(route));
    this.foreign.set(keyOf(route), route);
  }

  async removeForeign(route: ForeignRoute): Promise<void> {
    await this.node.ip(...familyOf(route), 'route', 'delete', ...wordsOf(route));
    this.foreign.delete(keyOf(route));
  }

  /** Lines of `ip` in one batch, each for itself. @returns which of them were carried out. */
  async attempt(family: 'four' | 'six', lines: readonly string[]): Promise<boolean[]> {
    if (lines.length === 0) return [];
    const flag = family === 'six' ? '-6' : '-4';
    const argv = ['ip', flag, '-n', this.node.name, '-force', '-batch', '-'];
    const { stderr } = await run(argv, { input: `${lines.join('\n')}\n` });
    const failed = new Set(
      [...stderr.matchAll(/^Command failed -:(\d+)/gm)].map((m) => Number(m[1])),
    );
    return lines.map((_, i) => !failed.has(i + 1));
  }

  /** Whether somebody else has the key that ours would have. */
  isTaken(cidr: string): boolean {
    return [...this.foreign.values()].some(
      ({ prefix, metric }) => prefix === cidr && metric === OUR_METRIC,
    );
  }

  #block(cidr: string, kind: Block['kind']): void {
    this.blocks.set(cidr, { cidr, kind });
  }

  #daemon(name: string, namespace: Namespace, own: readonly Block[]): Godwit {
    const spec = (last: number) => {
      return { bgp: { ipv4Address: `10.9.0.${last}/24`, ipv6Address: `fd09::${last}/64` } };
    };
    const resources = [
      calico('Node', 'node', spec(1)),
      calico('Node', 'neighbor', spec(2)),
      calico('IPPool', 'direct', { cidr: '10.244.0.0/16' }),
      calico('IPPool', 'tunnelled', { cidr: '10.245.0.0/16', ipipMode: 'Always' }),
      calico('IPPool', 'six', { cidr: 'fd00:244::/32' }),
      ...own.map(affinity),
    ];
    return new Godwit({ lab: this.lab, namespace, name, resources });
  }
}

/** Of cluster routes, part of the kernel's key (Calico 3.32 and later). */
export const OUR_METRIC = 1024;
export const GATEWAY = NEIGHBOR;

function affinityName({ cidr }: Block): string {
  return `b-${cidr.replaceAll(/[^0-9a-f]/g, '-')}`;
}

function affinity(block: Block): ReturnType<typeof calico> {
  const spec = { node: 'neighbor', cidr: block.cidr, state: 'confirmed' };
  return calico('BlockAffinity', affinityName(block), spec);
}

function keyOf({ prefix, metric }: ForeignRoute): string {
  return `${prefix} ${metric}`;
}

function familyOf({ prefix }: ForeignRoute): string[] {
  return prefix.includes(':') ? ['-6'] : [];
}

function wordsOf({ prefix, what, protocol, metric }: ForeignRoute): string[] {
  const [first, ...rest] = what.split(' ');
  const target = first === 'via' ? [prefix, 'via', ...rest] : [first!, prefix, ...rest];
  return [...target, 'proto', String(protocol), 'metric', String(metric)];
}
