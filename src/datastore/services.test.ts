/** Which service addresses a node announces: every rule of calico model 3.7 as a sentence. */

import { describe, expect, it } from 'vitest';
import { mustPlan, node, planOf, resource } from '../../test/support/resources.ts';
import {
  endpointSlice,
  type SliceSpec,
  service,
  serviceConfiguration,
} from '../../test/support/services.ts';

const A = node('a', '10.0.0.1', { ipv6Address: 'fd00::1/64' });
const CLUSTER_CIDR = '10.96.0.0/12';
const EXTERNAL_CIDR = '192.0.2.0/24';
const BALANCED_CIDR = '198.51.100.0/24';

const ALL = {
  serviceClusterIPs: [{ cidr: CLUSTER_CIDR }],
  serviceExternalIPs: [{ cidr: EXTERNAL_CIDR }],
  serviceLoadBalancerIPs: [{ cidr: BALANCED_CIDR }],
};
const CIDRS = [CLUSTER_CIDR, EXTERNAL_CIDR, BALANCED_CIDR].sort();

/** Prefixes that node `a` announces as services. */
function announced(...values: readonly unknown[]): string[] {
  return announcedBy(A, ...values);
}

function announcedBy(own: unknown, ...values: readonly unknown[]): string[] {
  return mustPlan('a', [own, ...values])
    .originated.filter((item) => item.source === 'service')
    .map((item) => item.prefix);
}

function withSlice(spec: object, slice: SliceSpec = {}, status: object = {}): unknown[] {
  return [service('web', spec, status), endpointSlice('web', slice)];
}

const LOCAL = { type: 'LoadBalancer', externalTrafficPolicy: 'Local' };
const INGRESS = { loadBalancer: { ingress: [{ ip: '198.51.100.7' }, { hostname: 'lb.test' }] } };

describe('CIDRs of BGPConfiguration/default', () => {
  it('are announced whole, without a blackhole, and never programmed', () => {
    const plan = mustPlan('a', [A, serviceConfiguration(ALL)]);
    expect(plan.originated).toContainEqual({
      prefix: CLUSTER_CIDR,
      source: 'service',
      blackhole: false,
      origin: 'BGPConfiguration/default',
    });
    expect(plan.originated.map((item) => item.prefix)).toEqual(CIDRS);
    expect(plan.kernel.rejected).toEqual(CIDRS);
  });

  it('of external and load balancer addresses count only where they are wider than one address', () => {
    const single = {
      serviceClusterIPs: [{ cidr: '10.96.0.1/32' }],
      serviceExternalIPs: [{ cidr: '192.0.2.1/32' }],
      serviceLoadBalancerIPs: [{ cidr: '2001:db8::1/128' }],
    };
    const plan = mustPlan('a', [A, serviceConfiguration(single)]);
    expect(plan.originated.map((item) => item.prefix)).toEqual(['10.96.0.1/32']);
    expect(plan.kernel.rejected).toEqual(['10.96.0.1/32']);
  });

  it('of load balancers are neither announced nor refused while aggregation is Disabled', () => {
    const off = serviceConfiguration({ ...ALL, serviceLoadBalancerAggregation: 'Disabled' });
    expect(announced(off)).toEqual([CLUSTER_CIDR, EXTERNAL_CIDR].sort());
    expect(mustPlan('a', [A, off]).kernel.rejected).not.toContain(BALANCED_CIDR);
  });

  it('have no effect in BGPConfiguration/node.NAME, and it is said', () => {
    const own = resource('BGPConfiguration', 'node.a', {
      ...ALL,
      serviceLoadBalancerAggregation: 'Disabled',
    });
    const { plan, problems } = planOf('a', [A, own]);
    expect(plan!.originated).toEqual([]);
    const fields = problems.filter((item) => item.code === 'NoEffect').map((item) => item.path);
    expect(fields).toEqual(expect.arrayContaining(['spec.serviceLoadBalancerAggregation']));
    expect(fields).toHaveLength(4);
  });

  it('of clusterIPs give way to CALICO_ADVERTISE_CLUSTER_IPS', () => {
    const advertiseClusterIps = '10.200.0.0/16' as never;
    const plan = mustPlan('a', [A, serviceConfiguration(ALL)], { advertiseClusterIps });
    const prefixes = plan.originated.map((item) => item.prefix);
    expect(prefixes).toContain('10.200.0.0/16');
    expect(prefixes).not.toContain(CLUSTER_CIDR);
  });
});

describe('a Service', () => {
  const on = serviceConfiguration(ALL);

  it('is not looked at while no CIDR of services is configured', () => {
    expect(announced(...withSlice(LOCAL, {}, INGRESS))).toEqual([]);
  });

  it('with policy Local is announced where a ready endpoint runs, by all its addresses', () => {
    const spec = { ...LOCAL, externalIPs: ['192.0.2.9', '203.0.113.9'] };
    expect(announced(on, ...withSlice(spec, {}, INGRESS))).toEqual(
      [...CIDRS, '10.96.0.10/32', '192.0.2.9/32', '198.51.100.7/32'].sort(),
    );
  });

  it('with policy Local is not announced where its endpoints run elsewhere, or are not ready', () => {
    for (const slice of [
      { endpoints: [{ nodeName: 'b', conditions: { ready: true } }] },
      { endpoints: [{ nodeName: 'a', conditions: { ready: false } }] },
      { endpoints: [] },
    ]) {
      expect(announced(on, ...withSlice(LOCAL, slice, INGRESS))).toEqual(CIDRS);
    }
  });

  it('has endpoints that count as ready when nothing is said of them', () => {
    const unsaid = { endpoints: [{ nodeName: 'a' }] };
    const empty = { endpoints: [{ nodeName: 'a', conditions: { ready: null } }] };
    expect(announced(on, ...withSlice(LOCAL, unsaid))).toContain('10.96.0.10/32');
    expect(announced(on, ...withSlice(LOCAL, empty))).toContain('10.96.0.10/32');
  });

  it('with policy Cluster is left to the CIDR while aggregation is Enabled', () => {
    const spec = { type: 'LoadBalancer', externalTrafficPolicy: 'Cluster' };
    expect(announced(on, ...withSlice(spec, {}, INGRESS))).toEqual(CIDRS);
    expect(announced(on, ...withSlice({ type: 'ClusterIP' }))).toEqual(CIDRS);
  });

  it('with policy Cluster or none is announced by every node while aggregation is Disabled and an endpoint is ready', () => {
    const off = serviceConfiguration({ ...ALL, serviceLoadBalancerAggregation: 'Disabled' });
    const elsewhere = { endpoints: [{ nodeName: 'b' }] };
    const spec = { type: 'LoadBalancer', externalTrafficPolicy: 'Cluster' };
    expect(announced(off, ...withSlice(spec, elsewhere, INGRESS))).toContain('198.51.100.7/32');
    expect(announced(off, ...withSlice({ type: 'ClusterIP' }, elsewhere))).toContain(
      '10.96.0.10/32',
    );
    const nobody = { endpoints: [{ nodeName: 'b', conditions: { ready: false } }] };
    expect(announced(off, ...withSlice(spec, nobody, INGRESS))).not.toContain('198.51.100.7/32');
  });

  it('with policy Cluster and an address in an entry of one address is announced whatever its endpoints', () => {
    const single = {
      serviceExternalIPs: [{ cidr: '192.0.2.9/32' }],
      serviceLoadBalancerIPs: [{ cidr: '198.51.100.7/32' }, { cidr: '198.51.100.8/32' }],
    };
    const one = serviceConfiguration(single);
    const nobody = { endpoints: [] };
    const balanced = { type: 'LoadBalancer', externalTrafficPolicy: 'Cluster' };
    expect(announced(one, ...withSlice(balanced, nobody, INGRESS))).toEqual(['198.51.100.7/32']);
    // The address asked for decides; the address given is what is announced.
    const asked = { ...balanced, loadBalancerIP: '198.51.100.8' };
    expect(announced(one, ...withSlice(asked, nobody))).toEqual([]);
    const external = {
      type: 'ClusterIP',
      externalTrafficPolicy: 'Cluster',
      externalIPs: ['192.0.2.9'],
    };
    expect(announced(one, ...withSlice(external, nobody))).toEqual(['192.0.2.9/32']);
    // Only a load balancer's ingress is compared with the entries of load balancers.
    const port = { ...balanced, type: 'NodePort' };
    expect(announced(one, ...withSlice(port, nobody, INGRESS))).toEqual([]);
    const local = { ...balanced, externalTrafficPolicy: 'Local' };
    expect(announced(one, ...withSlice(local, nobody, INGRESS))).toEqual([]);
  });

  it('has its cluster addresses announced as soon as any clusterIP CIDR is configured, inside it or not', () => {
    const elsewhere = serviceConfiguration({ serviceClusterIPs: [{ cidr: '172.30.0.0/16' }] });
    expect(announced(elsewhere, ...withSlice(LOCAL))).toContain('10.96.0.10/32');
    const none = serviceConfiguration({ serviceExternalIPs: [{ cidr: EXTERNAL_CIDR }] });
    expect(announced(none, ...withSlice(LOCAL))).not.toContain('10.96.0.10/32');
  });

  it('is announced in both families or in neither', () => {
    const dual = {
      ...LOCAL,
      clusterIPs: ['10.96.0.10', 'fd00:96::10'],
      ipFamilies: ['IPv4', 'IPv6'],
    };
    // The endpoints of one family are enough for both.
    const prefixes = announced(on, ...withSlice(dual, { addressType: 'IPv6' }));
    expect(prefixes).toEqual(expect.arrayContaining(['10.96.0.10/32', 'fd00:96::10/128']));
    const foreign = announced(on, ...withSlice(LOCAL, { addressType: 'IPv6' }));
    expect(foreign).not.toContain('10.96.0.10/32');
  });

  it('without a cluster address, or of another type, is never announced', () => {
    const specs = [
      { ...LOCAL, clusterIP: 'None', clusterIPs: ['None'] },
      { ...LOCAL, clusterIP: '', clusterIPs: [] },
      { ...LOCAL, type: 'ExternalName' },
    ];
    for (const spec of specs) expect(announced(on, ...withSlice(spec, {}, INGRESS))).toEqual(CIDRS);
  });

  it('is announced by any of several slices, and by none of those of another Service or namespace', () => {
    const away = endpointSlice('web', { name: 'web-1', endpoints: [{ nodeName: 'b' }] });
    const here = endpointSlice('web', { name: 'web-2' });
    const web = service('web', LOCAL);
    expect(announced(on, web, away, here)).toContain('10.96.0.10/32');
    expect(announced(on, web, away)).not.toContain('10.96.0.10/32');
    expect(announced(on, web, endpointSlice('web', { namespace: 'other' }))).toEqual(CIDRS);
    expect(announced(on, web, endpointSlice('www'))).toEqual(CIDRS);
    expect(announced(on, web)).toEqual(CIDRS);
  });

  it('knows this node by its name in Kubernetes', () => {
    const renamed = resource('Node', 'a', {
      bgp: { ipv4Address: '10.0.0.1/24' },
      orchRefs: [{ orchestrator: 'k8s', nodeName: 'machine-1' }],
    });
    const slice = { endpoints: [{ nodeName: 'machine-1' }] };
    expect(announcedBy(renamed, on, ...withSlice(LOCAL, slice))).toContain('10.96.0.10/32');
    const plan = mustPlan('a', [A, on, ...withSlice(LOCAL, slice)], {
      kubernetesNode: 'machine-1',
    });
    expect(plan.originated.map((item) => item.prefix)).toContain('10.96.0.10/32');
  });

  it('is one prefix however many Services and CIDRs give it, and stays while one of them does', () => {
    const twins = [
      ...withSlice(LOCAL),
      service('www', LOCAL),
      endpointSlice('www', { name: 'www-1' }),
    ];
    const origins = (...values: unknown[]): string[] =>
      mustPlan('a', [A, on, ...values])
        .originated.filter((item) => item.prefix === '10.96.0.10/32')
        .map((item) => item.origin);
    expect(origins(...twins)).toEqual(['Service/default/web']);
    expect(origins(...twins.slice(2))).toEqual(['Service/default/www']);
  });
});

describe('a node with the label that excludes it from external load balancers', () => {
  const label = 'node.kubernetes.io/exclude-from-external-load-balancers';
  const excluded = (value: string): unknown => node('a', '10.0.0.1', {}, { [label]: value });

  it('announces no service, and still programs none', () => {
    const values = [excluded('true'), serviceConfiguration(ALL), ...withSlice(LOCAL)];
    const plan = mustPlan('a', values);
    expect(plan.originated).toEqual([]);
    expect(plan.kernel.rejected).toEqual(CIDRS);
  });

  it('has to say exactly true', () => {
    for (const value of ['True', 'yes', '']) {
      expect(announcedBy(excluded(value), serviceConfiguration(ALL))).toEqual(CIDRS);
    }
  });
});

describe('export of services', () => {
  const statements = (own: unknown, spec: object): string[] =>
    mustPlan('a', [
      own,
      node('b', '10.0.0.2'),
      serviceConfiguration(spec),
    ]).peers[0]?.exportPolicy.statements.map((statement) => statement.name) ?? [];

  it('accepts those of this node, and whatever lies in their CIDRs', () => {
    expect(statements(A, ALL)).toEqual(
      expect.arrayContaining(['service address', 'inside the CIDRs of services']),
    );
    expect(statements(A, {})).not.toContain('service address');
  });

  it('is the same policy whichever Services there are', () => {
    const values = [A, node('b', '10.0.0.2'), serviceConfiguration(ALL)];
    const policy = (more: unknown[]): unknown =>
      mustPlan('a', [...values, ...more]).peers[0]!.exportPolicy;
    expect(policy(withSlice(LOCAL))).toEqual(policy([]));
  });

  it('on a reflector accepts what others announce inside external and load balancer CIDRs', () => {
    const reflector = node('a', '10.0.0.1', { routeReflectorClusterID: '1.1.1.1' });
    const peer = resource('BGPPeer', 'p', { peerIP: '10.0.0.2', asNumber: 64512 });
    const off = { ...ALL, serviceLoadBalancerAggregation: 'Disabled' };
    const [first] = mustPlan('a', [reflector, peer, serviceConfiguration(off)]).peers;
    expect(first!.exportPolicy.statements).toContainEqual(
      expect.objectContaining({
        verdict: 'accept',
        conditions: [{ kind: 'insideAny', prefixes: [EXTERNAL_CIDR, BALANCED_CIDR].sort() }],
      }),
    );
  });
});
