import { describe, expect, it } from 'vitest';
import { FILE_OPTIONS, yaml } from '../../../test/support/resources.ts';
import { NO_LAST_GOOD, settle } from '../../datastore/last-good.ts';
import { planFor } from '../../datastore/plan.ts';
import { prefix, prefixContains } from '../../net/prefix.ts';
import { defaultRouteInterface } from './facts.ts';
import { blockOf, generateResources, type InitFacts } from './generate.ts';

const FACTS: InitFacts = {
  nodeName: 'node-a',
  interfaceName: 'eth0',
  ipv4: '10.10.1.11/24',
  ipv6: undefined,
  subnets: [prefix('10.10.1.0/24')],
};

describe('the first set of resources', () => {
  it('gives a plan without a single problem: this node, one pool, one block', () => {
    const files = generateResources(FACTS)!;
    expect(files.map((file) => file.name)).toEqual(['cluster.yaml', 'node-a.yaml']);
    const all = files.flatMap((file) => yaml(file.text, file.name));
    const settled = settle(NO_LAST_GOOD, { documents: all, broken: [] });
    const { plan, problems } = planFor('node-a', settled.resources, FILE_OPTIONS);
    expect([...settled.problems, ...problems]).toEqual([]);
    expect(plan!.addresses).toEqual({ ipv4: '10.10.1.11' });
    expect(plan!.kernel.ownSubnet).toEqual({ ipv4: '10.10.1.0/24' });
    expect(plan!.kernel.pools).toEqual([
      { cidr: '10.244.0.0/16', name: 'default-ipv4', programming: 'cross-subnet' },
    ]);
    expect(plan!.originated).toHaveLength(1);
    expect(prefixContains(prefix('10.244.0.0/16'), plan!.originated[0]!.prefix)).toBe(true);
  });

  it('proposes no pool that overlaps a subnet of the machine', () => {
    const near = { ...FACTS, subnets: [prefix('10.0.0.0/8')] };
    expect(generateResources(near)![0]!.text).toContain('cidr: 172.20.0.0/16');
    const subnets = ['10.0.0.0/8', '172.16.0.0/12', '192.168.1.0/24'].map(prefix);
    expect(generateResources({ ...FACTS, subnets })).toBeUndefined();
  });

  it('gives a node always the same block, and other nodes others', () => {
    const pool = prefix('10.244.0.0/16');
    expect(blockOf('node-a', pool)).toBe(blockOf('node-a', pool));
    const blocks = new Set(Array.from({ length: 50 }, (_, i) => blockOf(`node-${i}`, pool)));
    expect(blocks.size).toBeGreaterThan(45);
  });

  it('mentions an IPv6 address without using it unasked', () => {
    const text = generateResources({ ...FACTS, ipv6: 'fd00::1/64' })![1]!.text;
    expect(text).toContain('# ipv6Address: fd00::1/64');
  });
});

describe('the interface of the default route', () => {
  const HEAD = 'Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\n';

  it('is the one with the lowest metric that is up', () => {
    const table = `${HEAD}wlan0 00000000 0101A8C0 0003 0 0 600 00000000 0 0 0
eth0 00000000 0101A8C0 0003 0 0 100 00000000 0 0 0
eth1 00000000 0101A8C0 0002 0 0 50 00000000 0 0 0
eth0 0001A8C0 00000000 0001 0 0 100 00FFFFFF 0 0 0
`;
    expect(defaultRouteInterface(table)).toBe('eth0');
  });

  it('is none without a default route', () => {
    expect(defaultRouteInterface(HEAD)).toBeUndefined();
  });
});
