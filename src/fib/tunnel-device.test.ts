import { describe, expect, it } from 'vitest';
import { millis } from '../base/units.ts';
import { ip } from '../net/ip-address.ts';
import { prefix } from '../net/prefix.ts';
import { simLink } from '../sim/kernel.ts';
import type { KernelRules } from './kernel-rules.ts';
import { KernelView } from './kernel-view.ts';
import { TunnelDevice } from './tunnel-device.ts';

const RULES: KernelRules = {
  table: 254,
  tunnelDevice: 'tunl0',
  tunnel: { address: ip('10.244.0.1'), underlay: ip('10.0.0.1') },
  ownSubnet: {},
  pools: [{ cidr: prefix('10.244.0.0/16'), name: 'pods', programming: 'cross-subnet' }],
  rejected: [],
  metric: { mode: 'none' },
};

/** A machine with eth0 of MTU 1400, read. */
function machine(): KernelView {
  const view = new KernelView({ tables: [254] });
  view.dumpStarted();
  view.onLink({ ...simLink(2, 'eth0'), mtu: 1400 }, false);
  view.onAddress(addressOn(2, '10.0.0.1'), false);
  view.dumpDone();
  return view;
}

function addressOn(interfaceIndex: number, text: string) {
  const flags = { secondary: false, tentative: false, deprecated: false, duplicate: false };
  return {
    family: 4,
    interfaceIndex,
    address: ip(text),
    prefixLength: 24,
    scope: 0,
    ...flags,
  } as const;
}

const tunl0 = { ...simLink(7, 'tunl0'), kind: 'ipip', up: false, mtu: 1480 };

describe('TunnelDevice', () => {
  it('makes the device, sets its MTU by the underlay, raises it and gives it its address, a step a time', () => {
    const view = machine();
    const device = new TunnelDevice(view);
    const next = () => device.take(RULES, millis(0));
    expect(next()).toEqual({ what: 'create', name: 'tunl0' });
    expect(next()).toBeUndefined(); // asked for already
    view.onLink(tunl0, false);
    expect(next()).toEqual({ what: 'mtu', interfaceIndex: 7, mtu: 1380 });
    view.onLink({ ...tunl0, mtu: 1380 }, false);
    expect(next()).toEqual({ what: 'up', interfaceIndex: 7 });
    view.onLink({ ...tunl0, mtu: 1380, up: true }, false);
    expect(next()).toEqual({ what: 'address', interfaceIndex: 7, address: '10.244.0.1' });
    view.onAddress(addressOn(7, '10.244.0.1'), false);
    expect([next(), device.deadline()]).toEqual([undefined, undefined]);
  });

  it('raises it again when somebody sets it down', () => {
    const view = machine();
    const device = new TunnelDevice(view);
    view.onAddress(addressOn(7, '10.244.0.1'), false);
    view.onLink({ ...tunl0, mtu: 1380, up: true }, false);
    expect(device.take(RULES, millis(0))).toBeUndefined();
    view.onLink({ ...tunl0, mtu: 1380 }, false);
    expect(device.take(RULES, millis(1))).toEqual({ what: 'up', interfaceIndex: 7 });
  });

  it('asks again for a step that came to nothing, later each time', () => {
    const device = new TunnelDevice(machine());
    const asked: number[] = [];
    for (let now = 0; now < 10_000; now += 100) {
      if (device.take(RULES, millis(now)) !== undefined) asked.push(now);
    }
    expect(asked).toEqual([0, 1000, 3000, 7000]);
  });

  it('leaves alone a device of another kind, a cluster without tunnels, and a node with Felix', () => {
    const view = machine();
    const device = new TunnelDevice(view);
    const direct = [{ ...RULES.pools[0]!, programming: 'direct' as const }];
    expect(device.take({ ...RULES, pools: direct }, millis(0))).toBeUndefined();
    const { tunnel: _none, ...felix } = RULES;
    expect(device.take(felix, millis(0))).toBeUndefined();
    view.onLink({ ...tunl0, kind: 'veth' }, false);
    expect(device.take(RULES, millis(0))).toBeUndefined();
  });

  it('does nothing before the kernel was read: the device may be there', () => {
    const device = new TunnelDevice(new KernelView({ tables: [254] }));
    expect(device.take(RULES, millis(0))).toBeUndefined();
  });
});
