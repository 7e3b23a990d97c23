/** A cluster without a mesh: two route reflectors, and clients that know nobody else. */

import { type Lab, meshLab } from './lab.ts';
import { type Document, meshNodes, meshResources, resource } from './resources.ts';

/** The first two nodes. */
export const REFLECTORS = ['n1', 'n2'];
const CLUSTER_ID = '244.0.0.1';

export function reflectorLab(making: {
  readonly seed: number;
  readonly nodes: number;
  readonly story: string[];
}): Lab {
  const { seed, story } = making;
  const nodes = Math.max(3, making.nodes);
  story.push(`${nodes} nodes, two of them route reflectors`);
  const lab = meshLab({ seed, nodes, node: { tapped: true }, started: false });
  for (const node of lab.nodes.values()) node.start();
  lab.apply(reflectorResources(nodes));
  return lab;
}

function reflectorResources(nodes: number): Document[] {
  const others = meshResources({ nodes }).filter(
    (document) => (document as { kind?: string }).kind !== 'Node',
  );
  return [
    ...others,
    resource('BGPConfiguration', 'default', { nodeToNodeMeshEnabled: false }),
    resource('BGPPeer', 'reflectors', {
      nodeSelector: 'all()',
      peerSelector: "reflector == 'yes'",
    }),
    ...meshNodes({ nodes }).map((node) => nodeDocument(node.name, `${node.ipv4}/24`)),
  ];
}

function nodeDocument(name: string, ipv4Address: string): Document {
  const isReflector = REFLECTORS.includes(name);
  return {
    apiVersion: 'projectcalico.org/v3',
    kind: 'Node',
    metadata: { name, labels: isReflector ? { reflector: 'yes' } : {} },
    spec: {
      bgp: { ipv4Address, ...(isReflector ? { routeReflectorClusterID: CLUSTER_ID } : {}) },
    },
  };
}
