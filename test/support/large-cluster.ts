/** A cluster of any size as resources: nodes in racks with two ToRs each, route reflectors by selector, own blocks. */

import { node, resource } from './resources.ts';

export interface ClusterSize {
  readonly nodes: number;
  /** Half of them towards ToRs by rack, half between nodes by two selectors. */
  readonly peers: number;
  /** Of the first node. */
  readonly blocks: number;
}

/** The node whose plan is made. */
export const OWN_NODE = 'node-00000';

export function clusterDocuments(size: ClusterSize): unknown[] {
  const racks = Math.max(1, Math.floor(size.peers / 2));
  return [
    resource('IPPool', 'pool', { cidr: '10.128.0.0/9', ipipMode: 'CrossSubnet' }),
    resource('BGPConfiguration', 'default', { asNumber: 64512 }),
    resource('BGPFilter', 'from-tor', {
      importV4: [{ action: 'Accept', matchOperator: 'In', cidr: '10.0.0.0/8' }],
    }),
    ...Array.from({ length: size.nodes }, (_, i) => nodeDocument(i, { rack: `r${i % racks}` })),
    ...Array.from({ length: size.peers }, (_, i) => peerDocument(i, racks)),
    ...Array.from({ length: size.blocks }, (_, i) => blockDocument(i)),
  ];
}

export function nodeDocument(index: number, labels: object = {}): unknown {
  const address = `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`;
  const name = `node-${String(index).padStart(5, '0')}`;
  return node(name, address, {}, { role: index % 100 === 1 ? 'rr' : 'worker', ...labels });
}

export function blockDocument(index: number): unknown {
  const cidr = `10.129.${index >> 2}.${(index & 3) * 64}/26`;
  return resource('BlockAffinity', `block-${index}`, { node: OWN_NODE, cidr, state: 'confirmed' });
}

function peerDocument(index: number, racks: number): unknown {
  const rack = index % racks;
  if (index % 2 === 0) {
    return resource('BGPPeer', `tor-${index}`, {
      nodeSelector: `rack == 'r${rack}'`,
      peerIP: `172.16.${rack >> 8}.${rack & 255}`,
      asNumber: 65000,
      filters: ['from-tor'],
    });
  }
  return resource('BGPPeer', `rr-${index}`, {
    nodeSelector: `rack == 'r${rack}' && role == 'worker'`,
    peerSelector: `role == 'rr' && rack in {'r${rack}', 'r${(rack + 1) % racks}'}`,
  });
}
