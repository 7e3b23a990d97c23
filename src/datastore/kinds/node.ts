/** Node: who the members of the cluster are. @see calico model 1.5 */

import type { Fields } from '../fields.ts';
import { asObject } from '../fields.ts';
import type { NodeResource } from '../resources.ts';
import { readAsNumber, readIpv4, readNodeAddress } from './common.ts';

export function readNode(name: string, metadata: Fields, spec: Fields): NodeResource {
  const bgp = spec.object('bgp');
  const wireguard = spec.object('wireguard');
  spec.ignore('orchRefs', 'addresses', 'ipv4VXLANTunnelAddr', 'vxlanTunnelMACAddr');
  spec.ignore('ipv6VXLANTunnelAddr', 'vxlanTunnelMACAddrV6', 'interfaces');
  const labels = readLabels(metadata);
  if (wireguard !== undefined) warnOfWireguard(wireguard);
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
    wireguard: wireguard !== undefined,
  };
  bgp?.finish();
  return node;
}

function readLabels(metadata: Fields): Readonly<Record<string, string>> {
  const written = metadata.parsed('labels', 'an object of texts', asObject) ?? {};
  const labels: Record<string, string> = {};
  for (const [key, value] of Object.entries(written)) {
    if (typeof value === 'string') labels[key] = value;
    else {
      metadata.reportAt([...metadata.path, 'labels', key], {
        code: 'BadValue',
        message: 'Not a text',
        remedy: `Write ${JSON.stringify(String(value))} in quotes`,
        value,
      });
    }
  }
  return labels;
}

function warnOfWireguard(wireguard: Fields): void {
  for (const field of ['interfaceIPv4Address', 'interfaceIPv6Address']) {
    wireguard.notYet(field, 'routes between WireGuard nodes are programmed like any other');
  }
  wireguard.finish();
}
