import { describe, expect, it } from 'vitest';
import { type ApiObject, convert } from './kubernetes-documents.ts';

const OPTIONS = { node: 'a', usePodCidr: false };

function value(kind: string, object: object, options = OPTIONS): unknown {
  const converted = convert(kind, object as ApiObject, options);
  return converted !== undefined && 'value' in converted ? converted.value : converted;
}

describe('a Node of Kubernetes', () => {
  const annotations = {
    'projectcalico.org/IPv4Address': '10.0.0.1/24',
    'projectcalico.org/IPv6Address': 'fd00::1/64',
    'projectcalico.org/ASNumber': '1.10',
    'projectcalico.org/RouteReflectorClusterID': '244.0.0.1',
    'projectcalico.org/IPv4IPIPTunnelAddr': '10.1.0.1',
    'projectcalico.org/IPv4WireguardInterfaceAddr': '10.1.0.2',
    'projectcalico.org/labels': '{"rack":"of Calico","own":"x"}',
    'projectcalico.org/IPv4VXLANTunnelAddr': '10.1.0.3',
  };
  const node = { metadata: { name: 'a', labels: { rack: 'r1' }, annotations } };

  it("is what Calico's annotations say; of a label Kubernetes has the last word", () => {
    expect(value('Node', node)).toEqual({
      apiVersion: 'projectcalico.org/v3',
      kind: 'Node',
      metadata: { name: 'a', labels: { rack: 'r1', own: 'x' } },
      spec: {
        bgp: {
          asNumber: '1.10',
          ipv4Address: '10.0.0.1/24',
          ipv6Address: 'fd00::1/64',
          ipv4IPIPTunnelAddr: '10.1.0.1',
          routeReflectorClusterID: '244.0.0.1',
        },
        wireguard: { interfaceIPv4Address: '10.1.0.2' },
        orchRefs: [{ nodeName: 'a', orchestrator: 'k8s' }],
      },
    });
  });

  it('has no BGP without an annotation of it', () => {
    const { spec } = value('Node', { metadata: { name: 'b' } }) as { readonly spec: object };
    expect(Object.keys(spec)).toEqual(['orchRefs']);
  });

  it('has with USE_POD_CIDR its ranges as blocks, and the first address for the tunnel', () => {
    const object = { ...node, spec: { podCIDRs: ['fd10::/64', '10.200.3.0/24'] } };
    expect(value('Node', object, { ...OPTIONS, usePodCidr: true })).toMatchObject({
      spec: { bgp: { ipv4IPIPTunnelAddr: '10.200.3.1' } },
      status: { podCIDRs: ['fd10::/64', '10.200.3.0/24'] },
    });
  });

  it('whose labels of Calico are no JSON is wrong, with the annotation named', () => {
    const broken = { 'projectcalico.org/labels': '{' };
    expect(value('Node', { metadata: { name: 'a', annotations: broken } })).toMatchObject({
      path: 'metadata.annotations["projectcalico.org/labels"]',
      error: expect.stringMatching(/^Not JSON/),
    });
  });
});

describe("Calico's resources in CRDs", () => {
  const spec = { peerIP: '10.0.0.254' };

  it('have their metadata in an annotation, or where everybody has it', () => {
    const said = JSON.stringify({ labels: { tier: 'tor' }, generation: 3 });
    const annotations = { 'projectcalico.org/metadata': said };
    const metadata = { name: 'p', annotations, managedFields: [{}], resourceVersion: '7' };
    const calico = value('BGPPeer', { metadata, spec });
    const plain = value('BGPPeer', { metadata: { name: 'p', labels: { tier: 'tor' } }, spec });
    expect(calico).toEqual(plain);
    expect(plain).toEqual({
      apiVersion: 'projectcalico.org/v3',
      kind: 'BGPPeer',
      metadata: { name: 'p', labels: { tier: 'tor' } },
      spec,
    });
  });

  it('are read of other nodes only where they concern us: their blocks do not', () => {
    const block = (node: string): object => ({ metadata: { name: 'x' }, spec: { node } });
    expect(value('BlockAffinity', block('b'))).toBeUndefined();
    expect(value('BlockAffinity', block('a'))).toBeDefined();
  });
});

describe('Services and EndpointSlices', () => {
  it('are kept without ports and selectors', () => {
    const service = {
      metadata: { name: 's', namespace: 'web', labels: { app: 'x' } },
      spec: { type: 'LoadBalancer', clusterIP: '10.96.0.1', ports: [{ port: 80 }], selector: {} },
      status: { loadBalancer: { ingress: [{ ip: '192.0.2.1', ipMode: 'VIP' }] } },
    };
    expect(value('Service', service)).toEqual({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 's', namespace: 'web' },
      spec: { type: 'LoadBalancer', clusterIP: '10.96.0.1' },
      status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } },
    });
  });

  it('do not change when one ready pod of a node takes the place of another', () => {
    const slice = (address: string): unknown =>
      value('EndpointSlice', {
        metadata: { name: 's', namespace: 'web', labels: { 'kubernetes.io/service-name': 's' } },
        addressType: 'IPv4',
        endpoints: [{ addresses: [address], nodeName: 'a', conditions: { ready: true } }],
      });
    expect(slice('10.1.0.9')).toEqual(slice('10.1.0.8'));
  });
});
