/** Node: who the members of the cluster are. @see calico model 1.5 */

import type { Fields } from '../fields.ts';
import type { NodeResource } from '../resources.ts';
import { readAsNumber, readIpv4, readLabels, readNodeAddress } from './common.ts';

export function readNode(name: string, metadata: Fields, spec: Fields): NodeResource {
  const bgp = spec.object('bgp');
  const wireguard = spec.object('wireguard');
  spec.ignore('orchRefs', 'addresses', 'ipv4VXLANTunnelAddr', 'vxlanTunnelMACAddr');
  spec.ignore('ipv6VXLANTunnelAddr', 'vxlanTunnelMACAddrV6', 'interfaces');
  const labels = readLabels(metadata);
  if (wireguard !== undefined) warnOfWireguard(wireguard);
  const node: NodeResource = {
    name,
    labels,
    asNumber: bgp === undefined ? undefined : readAsNumber(bgp, 'asNumber'),
    ipv4: bgp === undefined ? undefined : readNodeAddress(bgp, 'ipv4Address', 4),
    ipv6: bgp === undefined ? undefined : readNodeAddress(bgp, 'ipv6Address', 6),
    routeReflectorClusterId:
      bgp === undefined ? undefined : readIpv4(bgp, 'routeReflectorClusterID'),
    wireguard: wireguard !== undefined,
  };
  if (bgp !== undefined) {
    // tunl0's own address is given to the device by whoever makes it; BGP does not need it.
    bgp.ignore('ipv4IPIPTunnelAddr');
    bgp.finish();
  }
  return node;
}

function warnOfWireguard(wireguard: Fields): void {
  for (const field of ['interfaceIPv4Address', 'interfaceIPv6Address']) {
    wireguard.notYet(field, 'routes between WireGuard nodes are programmed like any other');
  }
  wireguard.finish();
}
