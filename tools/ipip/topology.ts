/** The nodes of `guest.ts`, and the resources that all of them read. */

import { type CalicoResource, calico } from '../../test/support/godwit.ts';

export interface GuestNode {
  readonly name: string;
  readonly number: number;
  readonly address: string;
  readonly gateway: string;
  /** Of its tunl0. */
  readonly tunnel: string;
  /** Has the block that two nodes announce. */
  readonly sharesPod: boolean;
}

const rack1 = { gateway: '10.1.0.254' };
export const NODES: readonly GuestNode[] = [
  { name: 'a', number: 1, address: '10.1.0.1', tunnel: '10.244.1.1', sharesPod: false, ...rack1 },
  {
    name: 'b',
    number: 2,
    address: '10.2.0.1',
    tunnel: '10.244.2.1',
    sharesPod: true,
    gateway: '10.2.0.254',
  },
  { name: 'c', number: 3, address: '10.1.0.3', tunnel: '10.244.3.1', sharesPod: true, ...rack1 },
];
/** A pod address on two nodes: ECMP. */
export const SHARED_POD = '10.244.9.5';

export function resources(): CalicoResource[] {
  const affinity = (node: string, cidr: string): CalicoResource =>
    calico('BlockAffinity', `${node}-${cidr.replaceAll(/\W/g, '-')}`, {
      node,
      cidr,
      state: 'confirmed',
    });
  return [
    calico('IPPool', 'always', { cidr: '10.244.0.0/16', ipipMode: 'Always' }),
    calico('IPPool', 'cross', { cidr: '10.245.0.0/16', ipipMode: 'CrossSubnet' }),
    ...NODES.flatMap(({ name, number, address, tunnel, sharesPod }) => [
      calico('Node', name, { bgp: { ipv4Address: `${address}/24`, ipv4IPIPTunnelAddr: tunnel } }),
      affinity(name, `10.244.${number}.0/26`),
      affinity(name, `10.245.${number}.0/26`),
      ...(sharesPod ? [affinity(name, '10.244.9.0/26')] : []),
    ]),
  ];
}
