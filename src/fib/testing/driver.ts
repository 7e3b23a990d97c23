/**
 * For tests: a `RouteProgrammer` and a simulated kernel, with the loop's part played between them: events, dumps,
 * batches and acknowledgements, each when the test says so.
 */

import { millis } from '../../base/units.ts';
import { type IpAddress, ip } from '../../net/ip-address.ts';
import { type Prefix, prefix } from '../../net/prefix.ts';
import { MessageFlag, RouteProtocol } from '../../netlink/codes.ts';
import type { KernelRoute } from '../../netlink/kernel-route.ts';
import {
  SimKernel,
  type SimKernelEvent,
  type SimKernelOptions,
  simLink,
} from '../../sim/kernel.ts';
import type { KernelRules } from '../kernel-rules.ts';
import { KernelView } from '../kernel-view.ts';
import { routePrefixOf } from '../ownership.ts';
import { RouteProgrammer } from '../route-programmer.ts';
import { RouteShapes, type ShapeId } from '../route-shape.ts';
import type { FibEvent, FibRouteView, RouteBatch } from '../types.ts';

export const RULES: KernelRules = {
  table: 254,
  tunnelDevice: 'tunl0',
  ownSubnet: { ipv4: prefix('10.0.0.0/24') },
  pools: [
    { cidr: prefix('10.1.0.0/16'), name: 'pods', programming: 'direct' },
    { cidr: prefix('fd00:1::/32'), name: 'pods6', programming: 'direct' },
  ],
  rejected: [prefix('10.96.0.0/12')],
  metric: { mode: 'none' },
};

export class Driver {
  readonly kernel: SimKernel;
  readonly view = new KernelView({ tables: [254] });
  readonly shapes = new RouteShapes();
  readonly fib: RouteProgrammer;
  now = 1000;
  readonly events: FibEvent[] = [];
  /** Octets a shell would have appended to the journal. */
  journal = new Uint8Array(0);

  constructor(options: SimKernelOptions = {}, kernel: SimKernel = standardKernel(options)) {
    this.kernel = kernel;
    this.fib = new RouteProgrammer({ view: this.view, shapes: this.shapes, seed: 7 });
    this.fib.setRules(RULES);
  }

  start(journal?: Uint8Array): this {
    if (journal !== undefined) this.fib.loadJournal(journal);
    this.fib.begin({ restart: journal !== undefined });
    return this.run();
  }

  want(text: string, shape: ShapeId, metric = 0): void {
    const key = routePrefixOf(prefix(text));
    this.fib.want(key, { shape, metric, origin: 'peer' }, millis(this.now));
  }

  unwant(text: string): void {
    this.fib.unwant(routePrefixOf(prefix(text)));
  }

  via(gateway: string, interfaceIndex = 2, onlink = false): ShapeId {
    const family = gateway.includes(':') ? 6 : 4;
    return this.shapes.unicast(family, [
      { gateway: ip(gateway), interfaceIndex, weight: 1, onlink },
    ]);
  }

  ecmp(...gateways: readonly string[]): ShapeId {
    const family = gateways[0]!.includes(':') ? 6 : 4;
    const hops = gateways.map((text) => {
      return { gateway: ip(text), interfaceIndex: 2, weight: 1, onlink: false };
    });
    return this.shapes.unicast(family, hops);
  }

  /** Plays the loop until nothing is due at this moment. */
  run(): this {
    for (let turn = 0; turn < 10_000; turn++) {
      this.deliver();
      this.fib.onWake(millis(this.now));
      const dumped = this.dumpIfAsked() || this.proveIfAsked();
      const batch = this.nextBatch();
      if (batch !== undefined) this.answer(batch);
      this.events.push(...this.fib.takeEvents());
      if (
        !dumped &&
        batch === undefined &&
        !this.fib.morePending &&
        this.kernel.events.length === 0
      ) {
        return this;
      }
    }
    throw new Error('The programmer does not come to rest');
  }

  /** Goes on in time, stopping at every deadline. */
  pass(ms: number): this {
    const end = this.now + ms;
    this.run();
    for (let turn = 0; turn < 100_000; turn++) {
      const deadline = this.fib.deadline();
      if (deadline === undefined || deadline > end) break;
      this.now = Math.max(this.now + 1, deadline);
      this.run();
    }
    this.now = Math.max(end, this.now);
    return this.run();
  }

  nextBatch(): RouteBatch | undefined {
    const batch = this.fib.nextBatch(millis(this.now));
    const journal = this.fib.takeJournal();
    if (journal !== undefined) this.journal = Uint8Array.from([...this.journal, ...journal]);
    return batch && { ...batch, octets: batch.octets.slice() };
  }

  /** All slices of the exported journal. */
  exportJournal(): Uint8Array {
    const octets: number[] = [];
    for (let cursor: number | undefined = 0; cursor !== undefined; ) {
      const slice: ReturnType<typeof this.fib.exportJournal> = this.fib.exportJournal(cursor);
      octets.push(...slice.octets);
      cursor = slice.next;
    }
    return Uint8Array.from(octets);
  }

  answer(batch: RouteBatch): void {
    const errnos = this.kernel.request(batch.octets, batch.count);
    this.fib.onAck(batch.id, errnos, millis(this.now));
  }

  deliver(count = this.kernel.events.length): void {
    for (const event of this.kernel.events.splice(0, count)) this.tell(event);
  }

  dumpIfAsked(): boolean {
    if (this.fib.takeDumpRequest(millis(this.now)) === undefined) return false;
    this.fib.onDumpStarted(millis(this.now));
    for (const event of this.kernel.dump()) this.tell(event);
    this.fib.onDumpDone(millis(this.now));
    return true;
  }

  proveIfAsked(options: { interrupted?: boolean } = {}): boolean {
    if (!this.fib.takeProofRequest(millis(this.now))) return false;
    const { interrupted = false } = options;
    this.fib.onProofRoutes([...this.kernel.routes()].filter(({ protocol }) => protocol === 12));
    this.fib.onProofRead({ interrupted }, millis(this.now));
    return true;
  }

  /** A proof with both its looks; what the kernel has to tell is told between them. */
  prove(): this {
    this.fib.requestProof();
    return this.pass(300);
  }

  tell(event: SimKernelEvent): void {
    const now = millis(this.now);
    if (event.type === 'link') this.fib.onLink(event.link, event.removed, now);
    else if (event.type === 'address') this.fib.onAddress(event.address, event.removed, now);
    else this.fib.onKernelRoute(event, now);
  }

  /** What `ip route show PREFIX` would say, protocol included. */
  shown(text: string): string[] {
    return this.kernel.routesTo(prefix(text)).map((route) => {
      const name = (index: number): string | undefined => this.view.interfaceName(index);
      const what = this.shapes.text(this.shapes.fromKernel(route), name);
      const metric = route.metric === 0 ? '' : ` metric ${route.metric}`;
      return `${what} proto ${route.protocol}${metric}`;
    });
  }

  row(text: string): FibRouteView | undefined {
    return this.fib.routes({ limit: 1000 }).routes.find((route) => route.prefix === text);
  }
}

/** Two NICs with subnets of both families, like a node's. */
export function standardKernel(options: SimKernelOptions = {}): SimKernel {
  const kernel = new SimKernel(options);
  kernel.setLink(simLink(2, 'eth0'));
  kernel.setLink(simLink(3, 'eth1'));
  kernel.addAddress(2, ip('10.0.0.1'), prefix('10.0.0.0/24'));
  kernel.addAddress(3, ip('10.9.0.1'), prefix('10.9.0.0/24'));
  kernel.addAddress(2, ip('fd00::1'), prefix('fd00::/64'));
  return kernel;
}

export function routeOf(
  text: string,
  spec: {
    readonly protocol?: number;
    readonly metric?: number;
    readonly gateway?: string;
    readonly dev?: number;
  },
): KernelRoute {
  const to: Prefix = prefix(text);
  const gateway: IpAddress | undefined = spec.gateway === undefined ? undefined : ip(spec.gateway);
  const hop = { interfaceIndex: spec.dev ?? 2, weight: 1, onlink: false };
  return {
    family: text.includes(':') ? 6 : 4,
    type: 'unicast',
    protocol: spec.protocol ?? RouteProtocol.STATIC,
    scope: 0,
    nextHops: [gateway === undefined ? hop : { gateway, ...hop }],
    flags: 0,
    table: 254,
    prefix: to,
    metric: spec.metric ?? 0,
  };
}

export const CREATE = MessageFlag.CREATE;
export const REPLACE = MessageFlag.REPLACE | MessageFlag.CREATE;
