/** Node: who the members of the cluster are. @see calico model 1.5 */

import { type Prefix, parsePrefix } from '../../net/prefix.ts';
import type { Fields } from '../fields.ts';
import type { NodeResource } from '../resources.ts';
import { readAddress, readAsNumber, readIpv4, readLabels, readNodeAddress } from './common.ts';

interface NodeParts {
  readonly metadata: Fields;
  readonly spec: Fields;
  readonly root: Fields;
}

export function readNode(name: string, { metadata, spec, root }: NodeParts): NodeResource {
  const bgp = spec.object('bgp');
  const wireguard = spec.object('wireguard');
  spec.ignore('addresses', 'ipv4VXLANTunnelAddr', 'vxlanTunnelMACAddr');
  spec.ignore('ipv6VXLANTunnelAddr', 'vxlanTunnelMACAddrV6', 'interfaces');
  const labels = readLabels(metadata);
  const tunnelAddress = bgp === undefined ? undefined : readIpv4(bgp, 'ipv4IPIPTunnelAddr');
  const node: NodeResource = {
    name,
    labels,
    asNumber: bgp === undefined ? undefined : readAsNumber(bgp, 'asNumber'),
    ipv4: bgp === undefined ? undefined : readNodeAddress(bgp, 'ipv4Address', 4),
    ipv6: bgp === undefined ? undefined : readNodeAddress(bgp, 'ipv6Address', 6),
    routeReflectorClusterId:
      bgp === undefined ? undefined : readIpv4(bgp, 'routeReflectorClusterID'),
    ...(tunnelAddress === undefined ? {} : { tunnelAddress }),
    wireguard: {
      ipv4: wireguard === undefined ? undefined : readAddress(wireguard, 'interfaceIPv4Address'),
      ipv6: wireguard === undefined ? undefined : readAddress(wireguard, 'interfaceIPv6Address'),
    },
    podCidrs: readPodCidrs(root),
    kubernetesName: readKubernetesName(spec),
  };
  wireguard?.finish();
  bgp?.finish();
  return node;
}

/** Calico's name for a node and that of Kubernetes may differ. */
function readKubernetesName(spec: Fields): string | undefined {
  const references = spec.objects('orchRefs').map((reference) => ({
    orchestrator: reference.text('orchestrator'),
    name: reference.text('nodeName'),
  }));
  return references.find((reference) => reference.orchestrator === 'k8s')?.name;
}

function readPodCidrs(root: Fields): readonly Prefix[] {
  const status = root.object('status');
  return (
    status?.list('podCIDRs', 'a CIDR', (value) =>
      typeof value === 'string' && value.includes('/') ? parsePrefix(value) : undefined,
    ) ?? []
  );
}
