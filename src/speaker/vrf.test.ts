/** A node that lives in a VRF: one that comes late, goes, is another one; and what of the kernel is no business of ours. */

import { describe, expect, it } from 'vitest';
import { ip } from '../net/ip-address.ts';
import { prefix } from '../net/prefix.ts';
import type { InterfaceAddress } from '../netlink/address.ts';
import type { KernelRoute } from '../netlink/kernel-route.ts';
import type { Link } from '../netlink/link.ts';
import { simLink } from '../sim/kernel.ts';
import type { KernelChange } from './inputs.ts';
import { BareSpeaker, planWith } from './testing/bare.ts';
import { VrfGate } from './vrf-gate.ts';

const PEER = ip('10.0.0.2');
const BLUE: Link = { ...simLink(7, 'blue'), kind: 'vrf', vrfTable: 10 };
const ETH0: Link = { ...simLink(2, 'eth0'), master: 7 };
const MGMT = simLink(3, 'mgmt');

const link = (one: Link, removed = false): KernelChange => ({ what: 'link', link: one, removed });

function address(text: string, interfaceIndex: number): KernelChange {
  const one: InterfaceAddress = {
    interfaceIndex,
    family: 4,
    address: ip(text),
    prefixLength: 24,
    scope: 0,
    secondary: false,
    tentative: false,
    deprecated: false,
    duplicate: false,
  };
  return { what: 'address', address: one, removed: false };
}

function connected(table: number, interfaceIndex = 2): KernelChange {
  const route: KernelRoute = {
    family: 4,
    type: 'unicast',
    protocol: 2,
    scope: 253,
    nextHops: [{ interfaceIndex, weight: 1, onlink: false }],
    flags: 0,
    table,
    prefix: prefix('10.0.0.0/24'),
    metric: 0,
  };
  return { what: 'route', route, removed: false };
}

/** Links before the VRF, as their numbers may be. */
const WHOLE = [link(ETH0), link(MGMT), link(BLUE), address('10.0.0.1', 2), connected(10)];

class VrfNode {
  readonly bare: BareSpeaker;

  constructor(rules: { table?: number; lacksVrf?: boolean } = {}) {
    const { table = 0, lacksVrf = false } = rules;
    this.bare = new BareSpeaker({ kernelEnabled: true, lacksVrf });
    const plan = planWith([PEER]);
    this.bare.apply({ ...plan, kernel: { ...plan.kernel, vrf: 'blue', table } });
  }

  change(...changes: KernelChange[]): void {
    this.bare.step({ type: 'kernelChanged', changes });
  }

  /** Everything that the core asks to be read is read, with this in it. */
  dump(changes: readonly KernelChange[]): void {
    this.bare.step({ type: 'kernelDumpStarted' });
    this.change(...changes);
    this.bare.step({ type: 'kernelDumpDone' });
    this.bare.wake(this.bare.now + 1);
  }

  /** Answers the dump that is due within a minute. */
  answerDump(changes: readonly KernelChange[]): void {
    const asked = (): number => this.bare.of('kernelDump').length;
    const before = asked();
    for (let i = 0; i < 600 && asked() === before; i++) this.bare.wake(this.bare.now + 100);
    expect(asked(), 'the core asks for a dump').toBeGreaterThan(before);
    this.dump(changes);
  }

  get why(): string | undefined {
    return this.bare.speaker.view.neighbors()[0]?.downBecause;
  }

  get status() {
    return this.bare.speaker.view.status();
  }
}

describe('a VRF that is there', () => {
  it('is called and listened through, and its table is the one that is proven', () => {
    const node = new VrfNode();
    node.dump(WHOLE);
    expect(node.bare.of('listen').at(-1)).toMatchObject({ device: 'blue' });
    expect(node.bare.of('dial').at(-1)?.dial).toMatchObject({ device: 'blue' });
    expect(node.status.kernel.state).not.toBe('unavailable');
    node.bare.step({ type: 'command', id: 1, command: { command: 'proveKernel' } });
    node.bare.wake(node.bare.now + 1);
    expect(node.bare.of('kernelProof').at(-1)).toMatchObject({ table: 10 });
  });

  it('is read once, when the first reading tells of it', () => {
    const node = new VrfNode();
    node.dump(WHOLE);
    for (let i = 0; i < 100; i++) node.bare.wake(node.bare.now + 100);
    expect(node.bare.of('kernelDump')).toHaveLength(1);
  });
});

describe('a VRF that comes late', () => {
  it('keeps sessions down and the listener closed meanwhile, and says why', () => {
    const node = new VrfNode();
    node.dump([link({ ...simLink(2, 'eth0') })]);
    expect(node.bare.of('dial')).toEqual([]);
    expect(node.bare.of('listen')).toEqual([]);
    expect(node.why).toContain('there is no VRF blue: make it with ip link add blue type vrf');
    expect(node.status).toMatchObject({
      ready: false,
      kernel: { state: 'syncing', reason: expect.stringContaining('no VRF blue') },
    });
  });

  it('brings the sessions up once the kernel was read again', () => {
    const node = new VrfNode();
    node.dump([link(simLink(2, 'eth0'))]);
    node.change(link(BLUE), link(ETH0));
    expect(node.bare.of('dial')).toEqual([]);
    node.answerDump(WHOLE);
    expect(node.bare.of('dial')).toHaveLength(1);
    expect(node.why).not.toContain('VRF');
  });

  it('is waited for by nobody while the kernel is out of reach: the sockets say what is wrong', () => {
    const node = new VrfNode();
    const error = { kind: 'SystemError', call: 'bind', errno: 'EPERM' } as const;
    node.bare.step({ type: 'kernelUnavailable', error });
    expect(node.bare.of('listen').at(-1)).toMatchObject({ device: 'blue' });
    expect(node.bare.of('dial').at(-1)?.dial).toMatchObject({ device: 'blue' });
  });

  it('says it where the kernel can have none', () => {
    const node = new VrfNode({ lacksVrf: true });
    node.dump([link(simLink(2, 'eth0'))]);
    expect(node.why).toContain('this kernel can have none');
  });

  it.each([
    ['a bridge of its name', { ...BLUE, kind: 'bridge' }, 'blue is a bridge and no VRF'],
    ['one that is down', { ...BLUE, up: false }, 'VRF blue is down'],
  ])('is still not there with %s', (_what, blue, reason) => {
    const node = new VrfNode();
    node.dump([link(ETH0), link(blue)]);
    expect(node.bare.of('dial')).toEqual([]);
    expect(node.why).toContain(reason);
  });

  it('is refused with another table than kernel.table', () => {
    const node = new VrfNode({ table: 20 });
    node.dump(WHOLE);
    expect(node.why).toContain('VRF blue has table 10, and kernel.table says 20');
  });
});

describe('a VRF that goes', () => {
  it('takes the sessions with it at once, and says why', () => {
    const node = new VrfNode();
    node.dump(WHOLE);
    node.bare.establish(PEER);
    expect(node.bare.state(PEER)).toBe('Established');
    node.change(link(BLUE, true));
    expect(node.bare.state(PEER)).not.toBe('Established');
    expect(node.why).toContain('there is no VRF blue');
    expect(node.bare.of('hangUp').at(-1)).toBeDefined();
    const lost = node.bare.of('publish').find(({ event }) => event.event === 'vrf-lost');
    expect(lost).toBeDefined();
  });

  it('and comes again as another one: the listener is opened anew', () => {
    const node = new VrfNode();
    node.dump(WHOLE);
    node.change(link(BLUE, true));
    node.change(link({ ...BLUE, index: 9, vrfTable: 11 }), link({ ...ETH0, master: 9 }));
    expect(node.bare.of('listen').at(-1)).toMatchObject({ device: 'blue', renew: true });
    const dialled = node.bare.of('dial').length;
    node.answerDump([
      link({ ...ETH0, master: 9 }),
      link({ ...BLUE, index: 9, vrfTable: 11 }),
      address('10.0.0.1', 2),
      connected(11),
    ]);
    expect(node.bare.of('dial').length).toBeGreaterThan(dialled);
  });
});

describe('the gate', () => {
  /** What came through, as text. */
  function passed(gate: VrfGate, changes: readonly KernelChange[]): string[] {
    const seen: string[] = [];
    for (const change of changes) {
      gate.take(change, (one) => {
        const what =
          one.what === 'link'
            ? one.link.name
            : one.what === 'address'
              ? one.address.address
              : `table ${one.route.table}`;
        seen.push(`${one.what !== 'link' || !one.removed ? '' : '-'}${what}`);
      });
    }
    return seen;
  }

  it('lets through the VRF, its links with their addresses, and the routes of its table', () => {
    const gate = new VrfGate({ name: 'blue' });
    const changes = [...WHOLE, address('192.0.2.1', 3), connected(254, 3)];
    const seen = passed(gate, changes);
    expect([...new Set(seen)].sort()).toEqual(['10.0.0.1', 'blue', 'eth0', 'table 10']);
    expect(gate.table).toBe(10);
  });

  it('tells of a link that joins with the addresses that it has, and of one that leaves as gone', () => {
    const gate = new VrfGate({ name: 'blue' });
    passed(gate, [link(BLUE), link(MGMT), address('192.0.2.1', 3)]);
    expect(passed(gate, [link({ ...MGMT, master: 7 })])).toEqual(['mgmt', '192.0.2.1']);
    expect(passed(gate, [link(MGMT)])).toEqual(['192.0.2.1', '-mgmt']);
  });

  it('puts everything out when the VRF goes', () => {
    const gate = new VrfGate({ name: 'blue' });
    passed(gate, WHOLE);
    expect(passed(gate, [link(BLUE, true)]).sort()).toEqual(['-blue', '-eth0', '10.0.0.1']);
    expect(passed(gate, [connected(10)])).toEqual([]);
    expect(gate.trouble).toContain('there is no VRF blue');
  });

  it('misses what a dump did not name, whatever event was lost', () => {
    const gate = new VrfGate({ name: 'blue' });
    passed(gate, WHOLE);
    gate.dumpStarted();
    passed(gate, [link(MGMT)]);
    expect(gate.dumpDone(() => undefined)).toBe(true);
    expect(gate.trouble).toContain('there is no VRF blue');
  });
});
