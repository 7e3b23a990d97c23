import { describe, expect, it } from 'vitest';
import { millis } from '../base/units.ts';
import { CREATE, Driver, REPLACE, routeOf } from './testing/driver.ts';

const BLOCK = '10.1.2.0/26';
const OTHER = '10.1.3.0/26';
const LATE = '10.1.4.0/26';
const OUTSIDE = '172.16.0.0/24';

/** Two routes installed, and no event waits. */
function installed(): Driver {
  const d = new Driver().start();
  d.want(BLOCK, d.via('10.0.0.2'));
  d.want(OTHER, d.via('10.0.0.3'));
  d.run();
  d.events.length = 0;
  return d;
}

const kinds = (d: Driver): string[] => d.events.map(({ event }) => event);

describe('KernelProof', () => {
  it('says equal where the kernel has what the columns have, and changes nothing', () => {
    const d = installed();
    const { requests } = d.kernel;
    d.prove();
    expect(d.fib.takeProofEnd()).toBe('');
    expect(d.fib.proof(millis(d.now))).toMatchObject({ routes: 2, busy: 0, divergences: [] });
    expect(d.fib.proof(millis(d.now)).totals).toMatchObject({ equal: 1, healed: 0 });
    expect([d.kernel.requests, kinds(d)]).toEqual([requests, []]);
  });

  it('finds a route that vanished without an event, puts it back and says so', () => {
    const d = installed();
    d.kernel.delete(routeOf(BLOCK, { protocol: 12 }), true);
    d.prove();
    expect(d.shown(BLOCK)).toEqual(['via 10.0.0.2 dev eth0 proto 12']);
    expect(d.events).toMatchObject([
      { event: 'kernel-divergence', prefix: BLOCK, kind: 'missing' },
      { event: 'route-restored', prefix: BLOCK },
    ]);
    expect(d.fib.divergencesFound).toEqual({ missing: 1, changed: 0, unknown: 0 });
    expect(d.fib.divergence()).toMatchObject({ missing: 0, pending: 0 }); // healed
  });

  it('finds a route that was changed without an event, and writes it again', () => {
    const d = installed();
    const theirs = routeOf(BLOCK, { protocol: 12, gateway: '10.0.0.9' });
    d.kernel.write(theirs, { flags: REPLACE, quiet: true });
    d.prove();
    expect(d.shown(BLOCK)).toEqual(['via 10.0.0.2 dev eth0 proto 12']);
    expect(d.fib.proof(millis(d.now)).divergences).toMatchObject([
      {
        kind: 'changed',
        prefix: BLOCK,
        expected: 'via 10.0.0.2 dev eth0',
        found: 'via 10.0.0.9 dev eth0',
      },
    ]);
  });

  it('finds a route in our pools that nobody told of, and removes it once nothing is adopted', () => {
    const d = installed();
    while (d.fib.sweepAdopted({ family: 4, budget: 100 }));
    const stray = routeOf('10.1.9.0/26', { protocol: 12, gateway: '10.0.0.9' });
    d.kernel.write(stray, { flags: CREATE, quiet: true });
    d.prove();
    expect(d.shown('10.1.9.0/26')).toEqual([]);
    expect(d.fib.divergencesFound.unknown).toBe(1);
  });

  it("passes over a stock BIRD's routes outside the pools", () => {
    const d = installed();
    const theirs = routeOf(OUTSIDE, { protocol: 12, gateway: '10.0.0.9' });
    d.kernel.write(theirs, { flags: CREATE, quiet: true });
    d.prove();
    expect(d.fib.proof(millis(d.now)).divergences).toEqual([]);
    expect(d.shown(OUTSIDE)).toHaveLength(1);
  });

  it('does not count an event that is merely late', () => {
    const d = installed();
    d.kernel.delete(routeOf(BLOCK, { protocol: 12 }));
    const events = d.kernel.events.splice(0);
    d.fib.requestProof();
    d.run(); // the first look: the route is missing, its event still on the way
    d.kernel.events.push(...events);
    d.pass(300);
    expect(kinds(d)).toEqual(['route-restored']);
    expect(d.fib.divergencesFound.missing).toBe(0);
    expect(d.fib.proof(millis(d.now)).totals).toMatchObject({ equal: 1, healed: 0 });
  });

  it('does not judge a row that is being written, nor one that moved since the look began', () => {
    const d = installed();
    d.want(BLOCK, d.via('10.0.0.9'));
    const batch = d.nextBatch()!; // in flight
    d.fib.requestProof();
    expect(d.fib.takeProofRequest(millis(d.now))).toBe(true);
    d.unwant(OTHER); // moves
    d.fib.onProofRoutes([]); // the kernel names neither
    d.fib.onProofRead({ interrupted: false }, millis(d.now));
    d.fib.onWake(millis(d.now));
    expect(d.fib.takeProofEnd()).toBe('');
    expect(d.fib.proof(millis(d.now))).toMatchObject({ busy: 2, divergences: [] });
    d.answer(batch);
  });

  it('does not look for what is missing where the kernel changed while it was read', () => {
    const d = installed();
    d.kernel.delete(routeOf(BLOCK, { protocol: 12 }), true);
    d.fib.requestProof();
    d.proveIfAsked({ interrupted: true });
    d.run();
    expect(d.fib.proof(millis(d.now))).toMatchObject({ partial: true, divergences: [] });
    d.prove();
    expect(d.shown(BLOCK)).toHaveLength(1);
  });

  it('reads the kernel whole where more differs than it looks at one by one', () => {
    const d = new Driver().start();
    for (let i = 0; i < 1100; i++) d.want(`10.1.${i >> 8}.${i & 255}/32`, d.via('10.0.0.2'));
    d.run();
    const { dumps } = d.fib.totals;
    for (const route of [...d.kernel.routes()]) {
      if (route.protocol === 12) d.kernel.delete(route, true);
    }
    d.prove();
    expect(d.fib.takeProofEnd()).toMatch(/more than 1024/);
    expect(d.fib.totals.dumps).toBe(dumps + 1);
    expect(d.fib.counts()).toMatchObject({ installed: 1100, pending: 0 });
  });

  it('begins again after a whole dump that came between, and is answered then', () => {
    const d = installed();
    d.fib.requestProof();
    expect(d.fib.takeProofRequest(millis(d.now))).toBe(true);
    d.fib.onOverrun('events were lost');
    d.pass(1000);
    expect(d.fib.takeProofEnd()).toBe('');
    expect(d.fib.proof(millis(d.now)).totals).toMatchObject({ equal: 1, failed: 0 });
  });

  it('fails where the kernel is out of reach, and says why', () => {
    const d = installed();
    d.fib.requestProof();
    expect(d.fib.takeProofRequest(millis(d.now))).toBe(true);
    const error = { kind: 'SystemError', call: 'dump(routes)', errno: 'EIO' } as const;
    d.fib.onProofRead({ interrupted: false, error }, millis(d.now));
    expect(d.fib.takeProofEnd()).toBe('dump(routes) failed with EIO');
    expect(d.fib.proof(millis(d.now)).totals.failed).toBe(1);
  });

  it('comes by itself after a minute, and again after the next', () => {
    const d = installed();
    d.pass(59_000);
    expect(d.fib.proof(millis(d.now)).totals.equal).toBe(0);
    d.pass(2_000);
    expect(d.fib.proof(millis(d.now)).totals.equal).toBe(1);
    d.pass(60_000);
    expect(d.fib.proof(millis(d.now)).totals.equal).toBe(2);
  });
});

describe('The four columns', () => {
  it('are equal for a route that is installed', () => {
    const d = installed();
    const text = 'via 10.0.0.2 dev eth0';
    expect(d.row(BLOCK)).toMatchObject({
      wanted: text,
      sent: text,
      acknowledged: text,
      held: text,
      inKernel: text,
      state: 'installed',
    });
  });

  it('tell a request that is on its way from what was acknowledged before', () => {
    const d = installed();
    d.want(BLOCK, d.via('10.0.0.9'));
    const batch = d.nextBatch()!;
    expect(d.row(BLOCK)).toMatchObject({
      wanted: 'via 10.0.0.9 dev eth0',
      sent: 'via 10.0.0.9 dev eth0',
      acknowledged: 'via 10.0.0.2 dev eth0',
      held: 'via 10.0.0.2 dev eth0',
      because: 'Being written',
    });
    d.answer(batch);
    expect(d.row(BLOCK)).toMatchObject({ acknowledged: 'via 10.0.0.9 dev eth0' });
  });

  it('show a delete as sent, and nothing acknowledged once it is done', () => {
    const d = installed();
    d.unwant(BLOCK);
    const batch = d.nextBatch()!;
    expect(d.row(BLOCK)).toMatchObject({ sent: 'delete via 10.0.0.2 dev eth0' });
    d.answer(batch);
    expect(d.row(BLOCK)).toBeUndefined();
  });

  it('keep what was acknowledged of a route that somebody deletes again and again', () => {
    const d = installed();
    for (let i = 0; i < 2; i++) {
      d.kernel.delete(routeOf(BLOCK, { protocol: 12 }));
      d.run();
    }
    expect(d.row(BLOCK)).toMatchObject({
      wanted: 'via 10.0.0.2 dev eth0',
      acknowledged: 'via 10.0.0.2 dev eth0',
      state: 'pending',
    });
    expect(d.row(BLOCK)?.inKernel).toBeUndefined();
  });

  it('name a route of another that stood there before ours was wished for, and before we started', () => {
    const d = installed();
    d.kernel.write(routeOf(LATE, { gateway: '10.0.0.9', metric: 7 }), { flags: CREATE });
    d.run();
    d.want(LATE, d.via('10.0.0.2'), 1024);
    d.run();
    const shadowed = 'Shadowed: the kernel prefers via 10.0.0.9 dev eth0 proto static metric 7';
    expect(d.row(LATE)).toMatchObject({ state: 'installed', because: shadowed });
    expect(d.fib.divergence().shadowed).toBe(1);
    d.kernel.delete(routeOf(LATE, { metric: 7 }));
    d.run();
    expect(d.fib.divergence().shadowed).toBe(0);
  });

  it('name a route of another that the kernel prefers to ours', () => {
    const d = installed();
    d.want(BLOCK, d.via('10.0.0.2'), 1024);
    d.run();
    d.kernel.write(routeOf(BLOCK, { gateway: '10.0.0.9', metric: 7 }), { flags: CREATE });
    d.run();
    expect(d.row(BLOCK)).toMatchObject({
      state: 'installed',
      because: 'Shadowed: the kernel prefers via 10.0.0.9 dev eth0 proto static metric 7',
      inKernel: 'via 10.0.0.2 dev eth0 metric 1024; via 10.0.0.9 dev eth0 proto static metric 7',
    });
    expect(d.fib.divergence().shadowed).toBe(1);
    expect(d.fib.routes({ limit: 10, differing: true }).routes).toHaveLength(1);
    d.kernel.delete(routeOf(BLOCK, { metric: 7 }));
    d.run();
    expect(d.fib.divergence().shadowed).toBe(0);
    expect(d.fib.routes({ limit: 10, differing: true }).routes).toHaveLength(0);
  });
});
