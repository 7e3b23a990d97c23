import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from '../../test/support/runs.ts';
import { type Prefix, prefix } from '../net/prefix.ts';
import { Errno } from '../netlink/errno.ts';
import { type KernelRoute, kernelMetric } from '../netlink/kernel-route.ts';
import { type SimKernel, simLink } from '../sim/kernel.ts';
import { routePrefixOf } from './ownership.ts';
import type { ShapeId } from './route-shape.ts';
import { CREATE, Driver, REPLACE, routeOf, standardKernel } from './testing/driver.ts';
import type { RouteBatch } from './types.ts';

const BIRD = 12;
const STATIC = 4;
/** The last two lie outside the pools. */
const PREFIXES = [
  '10.1.0.0/26',
  '10.1.0.0/24',
  '10.1.7.7/32',
  'fd00:1::/64',
  'fd00:1:0:1::/122',
  '198.51.100.0/24',
  '192.0.2.0/24',
].map(prefix);
/** Held by a stock BIRD from the start, protocol 12, metric 512. */
const STOCK = prefix('192.0.2.0/24');
const OUTSIDE = ['198.51.100.0/24', STOCK].map(prefix);
const METRICS = [512, 1024];

interface Wish {
  readonly shape: number;
  readonly metric: number;
}

const index = fc.nat({ max: PREFIXES.length - 1 });
const metric = fc.constantFrom(...METRICS);
const shape = fc.nat({ max: 4 });
const op = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('want' as const), index, shape, metric }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('unwant' as const), index }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('hold' as const), index }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('theyDelete' as const), index, metric }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('theyChange' as const), index, metric }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('foreignTakes' as const), index, metric }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('foreignGoes' as const), index, metric }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('eventsLost' as const), index }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('link' as const), up: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('fault' as const),
      errno: fc.constantFrom(Errno.EINVAL, Errno.ENOBUFS, Errno.ENETUNREACH, Errno.EPERM),
      count: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('deliver' as const), count: fc.nat(3) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('send' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('execute' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('answer' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('dump' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('run' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.nat(20_000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('compact' as const) }) },
);
type Op = typeof op extends fc.Arbitrary<infer T> ? T : never;

interface Sent {
  readonly batch: RouteBatch;
  /** Its place among all that were built. */
  readonly built: number;
  errnos?: Int32Array;
}

/** A world in which the speaker, other programs, links and faults do what `op` says, and rules are watched. */
class World {
  readonly wishes = new Map<Prefix, Wish | 'hold'>();
  readonly kernel: SimKernel;
  driver: Driver;
  readonly broken: string[] = [];
  /** Prefixes shown as installed, once all was quiet, whose route the kernel did not have. */
  believed: Prefix[] = [];
  #faults: number[] = [];
  /** The request being carried out is ours. */
  #byUs = false;
  #wishedAtBuild: ReadonlySet<Prefix> = new Set();
  /** Oldest first; with what became of it, once the kernel has done it. */
  #sent: Sent[] = [];
  /** Routes of ours that others changed. */
  readonly #changed = new WeakSet<KernelRoute>();
  /**
   * Those that stood outside the pools at a crash. Where the journal has no more than the intent to write the key, what
   * looks otherwise is nobody's whom we know, and is left alone.
   */
  readonly disowned = new WeakSet<KernelRoute>();
  /** Batches built so far. */
  #built = 0;
  /** How many were built when the programmer heard of a route. */
  #told = new WeakMap<KernelRoute, number>();
  /** The place among them of the one that is carried out. */
  #executing = 0;

  constructor(echo: boolean) {
    this.kernel = standardKernel({
      echo,
      fault: () => this.#faults.shift() ?? 0,
      onTransition: (to, before, after) => this.#watch(to, before, after),
    });
    this.kernel.write(routeOf(STOCK, { protocol: BIRD, gateway: '10.0.0.7', metric: 512 }), {
      flags: CREATE,
    });
    this.driver = new Driver({}, this.kernel).start();
    this.#hookBatches();
  }

  do(step: Op): void {
    const d = this.driver;
    switch (step.do) {
      case 'want':
        this.#want(PREFIXES[step.index]!, { shape: step.shape, metric: step.metric });
        return;
      case 'unwant':
        this.wishes.delete(PREFIXES[step.index]!);
        d.unwant(PREFIXES[step.index]!);
        return;
      case 'hold':
        this.#hold(PREFIXES[step.index]!);
        return;
      case 'theyDelete':
        this.kernel.delete(this.#theirs(step, BIRD));
        return;
      case 'theyChange':
        // Only what is ours: else it would be one more route of a stock BIRD.
        if (this.#has(step, BIRD)) this.#changeOurs(this.#theirs(step, BIRD));
        return;
      case 'foreignTakes':
        if (PREFIXES[step.index] !== STOCK) {
          this.kernel.write(this.#theirs(step, STATIC), { flags: REPLACE });
        }
        return;
      case 'foreignGoes':
        this.kernel.delete(this.#theirs(step, STATIC));
        return;
      case 'eventsLost':
        this.kernel.events.length = 0;
        d.fib.onOverrun('Events were lost');
        return;
      case 'link':
        this.kernel.setLink(simLink(3, 'eth1', step.up));
        return;
      case 'fault':
        for (let i = 0; i < step.count; i++) this.#faults.push(step.errno);
        return;
      default:
        this.#loop(step);
    }
  }

  /** The parts of the loop, each at a moment of chance. */
  #loop(step: Op): void {
    const d = this.driver;
    switch (step.do) {
      case 'deliver':
        d.deliver(step.count);
        d.fib.onWake(d.now);
        return;
      case 'send':
        this.#send();
        return;
      case 'execute':
        this.#execute();
        return;
      case 'answer':
        this.#answer();
        return;
      case 'dump':
        if (this.#sent.length === 0) d.dumpIfAsked();
        d.fib.onWake(d.now);
        return;
      case 'run':
        this.#answerAll();
        d.run();
        return;
      case 'pass':
        this.#answerAll();
        d.pass(step.ms);
        return;
      case 'compact':
        this.#compact();
        return;
      case 'crash':
        this.#crash();
    }
  }

  /** Everything is well again, and time goes by. */
  calm(): void {
    this.#faults = [];
    this.kernel.setLink(simLink(3, 'eth1'));
    this.#answerAll();
    // Less than the interval of the full check, which would hide what was believed without ground.
    this.driver.pass(60_000);
    this.believed = PREFIXES.filter((to) => this.#isBelievedOnly(to));
    for (const family of [4, 6] as const) {
      while (this.driver.fib.sweepAdopted({ family, budget: 3 }));
    }
    // Past the longest back-off and one full check.
    this.driver.pass(1_000_000);
  }

  shapeOf(to: Prefix, wish: Wish): ShapeId {
    const d = this.driver;
    const six = to.includes(':');
    const [a, b] = six ? ['fd00::2', 'fd00::3'] : ['10.0.0.2', '10.0.0.3'];
    if (wish.shape === 0) return d.via(a!);
    if (wish.shape === 1) return d.via(b!);
    if (wish.shape === 2) return d.ecmp(a!, b!);
    if (wish.shape === 3) return d.shapes.discard(six ? 6 : 4, 'blackhole');
    return six ? d.via('fd00::4') : d.via('10.9.0.2', 3);
  }

  #isBelievedOnly(to: Prefix): boolean {
    const wish = this.wishes.get(to);
    if (wish === undefined || wish === 'hold') return false;
    if (this.driver.row(to)?.state !== 'installed') return false;
    const metric = kernelMetric(to.includes(':') ? 6 : 4, wish.metric);
    const shape = this.shapeOf(to, wish);
    return !this.kernel
      .routesTo(to)
      .some((route) => route.metric === metric && this.driver.shapes.fromKernel(route) === shape);
  }

  #want(to: Prefix, wish: Wish): void {
    this.wishes.set(to, wish);
    this.driver.want(to, this.shapeOf(to, wish), wish.metric);
  }

  #hold(to: Prefix): void {
    this.wishes.set(to, 'hold');
    this.driver.fib.hold(routePrefixOf(to), { reason: 'Held by the test', origin: 'test' });
  }

  #theirs(step: { index: number; metric: number }, protocol: number): KernelRoute {
    const to = PREFIXES[step.index]!;
    const gateway = to.includes(':') ? 'fd00::9' : '10.0.0.9';
    return routeOf(to, { protocol, gateway, metric: step.metric });
  }

  #changeOurs(theirs: KernelRoute): void {
    this.kernel.write(theirs, { flags: REPLACE });
    for (const route of this.kernel.routesTo(theirs.prefix)) {
      if (route.nextHops === theirs.nextHops) this.#changed.add(route);
    }
  }

  #has(step: { index: number; metric: number }, protocol: number): boolean {
    return this.kernel
      .routesTo(PREFIXES[step.index]!)
      .some(
        (route) => route.protocol === protocol && route.metric === step.metric && !isStock(route),
      );
  }

  #hookBatches(): void {
    const d = this.driver;
    const build = d.nextBatch.bind(d);
    d.nextBatch = () => {
      const batch = build();
      if (batch !== undefined) this.#wishedAtBuild = new Set(this.wishes.keys());
      if (batch !== undefined) this.#built++;
      return batch;
    };
    d.answer = (batch) => {
      this.#sent.push({ batch, built: this.#built });
      this.#answerAll();
    };
    const tell = d.tell.bind(d);
    d.tell = (event) => {
      if (event.type === 'route' && !this.#told.has(event.route)) {
        this.#told.set(event.route, this.#built);
      }
      tell(event);
    };
  }

  #send(): void {
    const batch = this.driver.nextBatch();
    if (batch !== undefined) this.#sent.push({ batch, built: this.#built });
  }

  /** What is pending is for the file before, whose place the export takes. */
  #compact(): void {
    this.driver.fib.takeJournal();
    this.driver.journal = Uint8Array.from(this.driver.exportJournal());
  }

  /** The kernel works on the oldest batch that it has not done. */
  #execute(): void {
    const next = this.#sent.find(({ errnos }) => errnos === undefined);
    if (next === undefined) return;
    this.#byUs = true;
    this.#executing = next.built;
    next.errnos = this.kernel.request(next.batch.octets, next.batch.count);
    this.#byUs = false;
  }

  #answer(): void {
    if (this.#sent[0]?.errnos === undefined) this.#execute();
    const oldest = this.#sent.shift();
    if (oldest === undefined) return;
    this.driver.fib.onAck(oldest.batch.id, oldest.errnos!, this.driver.now);
  }

  #answerAll(): void {
    while (this.#sent.length > 0) this.#answer();
  }

  /** The daemon dies, whatever was in flight; the next one has the journal and the same wishes. */
  #crash(): void {
    const { journal, now } = this.driver;
    this.#sent = [];
    this.#told = new WeakMap();
    for (const route of OUTSIDE.flatMap((to) => this.kernel.routesTo(to))) {
      if (this.#changed.has(route)) this.disowned.add(route);
    }
    this.kernel.events.length = 0;
    this.driver = new Driver({}, this.kernel);
    this.driver.now = now;
    this.#hookBatches();
    this.driver.journal = journal;
    this.driver.start(journal);
    for (const [to, wish] of this.wishes) {
      if (wish === 'hold') this.#hold(to);
      else this.#want(to, wish);
    }
  }

  /**
   * Whether the programmer had been told of a route when it built the batch that is carried out. Whoever puts one in
   * the place of ours in the moment before may lose it: netlink has no replace that asks who holds the key.
   */
  #wasKnown(route: KernelRoute): boolean {
    return (this.#told.get(route) ?? this.#executing) < this.#executing;
  }

  /** Rules for every single change that our requests make. */
  #watch(to: Prefix, before: readonly KernelRoute[], after: readonly KernelRoute[]): void {
    if (!this.#byUs) return;
    const isOurs = (route: KernelRoute): boolean => route.protocol === BIRD && !isStock(route);
    for (const route of before) {
      if (isOurs(route) || after.includes(route) || !this.#wasKnown(route)) continue;
      this.broken.push(`${to}: a route of protocol ${route.protocol} was overwritten or deleted`);
    }
    const gap = before.some(isOurs) && !after.some(isOurs);
    if (gap && this.#wishedAtBuild.has(to)) this.broken.push(`${to}: a moment without a route`);
  }
}

function isStock(route: KernelRoute): boolean {
  return route.prefix === STOCK && route.nextHops[0]?.gateway === '10.0.0.7';
}

/** What is wrong with the kernel's routes to `to`, now that all is quiet; undefined when nothing is. */
function wrong(world: World, to: Prefix): string | undefined {
  const wish = world.wishes.get(to);
  if (wish === 'hold') return undefined;
  const routes = world.kernel.routesTo(to);
  const shown = JSON.stringify(world.driver.shown(to));
  const ours = routes.filter(
    (route) => route.protocol === BIRD && !isStock(route) && !world.disowned.has(route),
  );
  if (wish === undefined) return ours.length === 0 ? undefined : `${to} is left over: ${shown}`;
  const metric = kernelMetric(to.includes(':') ? 6 : 4, wish.metric);
  const taken = routes.some((route) => route.metric === metric && !ours.includes(route));
  if (taken) {
    const state = world.driver.row(to)?.state;
    return state === 'foreign' ? undefined : `${to} is taken but shown as ${state}`;
  }
  const [only] = ours;
  const right =
    ours.length === 1 &&
    only!.metric === metric &&
    world.driver.shapes.fromKernel(only!) === world.shapeOf(to, wish);
  return right ? undefined : `${to} should be shape ${wish.shape} metric ${metric}: ${shown}`;
}

describe('RouteProgrammer brings any state to any state', () => {
  it('Whatever happened, the kernel ends as wished; nobody else is touched and no route is ever absent', () => {
    fc.assert(
      fc.property(fc.boolean(), fc.array(op, { maxLength: 60 }), (echo, steps) => {
        const world = new World(echo);
        for (const step of steps) world.do(step);
        world.calm();
        expect(world.broken).toEqual([]);
        expect(world.believed).toEqual([]);
        const faults = PREFIXES.map((to) => wrong(world, to)).filter((text) => text !== undefined);
        expect(faults).toEqual([]);
        expect(world.driver.fib.counts()).toMatchObject({ state: 'synced', pending: 0, parked: 0 });
      }),
      runs(200),
    );
  });
});
