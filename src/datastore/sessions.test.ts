/** Which sessions a node has: every rule of Calico's expansion as a sentence (calico model 2.1–2.5). */

import { describe, expect, it } from 'vitest';
import { mustPlan, node, peerNamed, planOf, resource } from '../../test/support/resources.ts';

const A = node('a', '10.0.0.1', { ipv6Address: 'fd00::1/64' });
const B = node('b', '10.0.0.2', { ipv6Address: 'fd00::2/64' });
const C = node('c', '10.0.0.10');
const RR = { routeReflectorClusterID: '244.0.0.1' };
const NO_MESH = resource('BGPConfiguration', 'default', { nodeToNodeMeshEnabled: false });

function names(name: string, values: readonly unknown[]): string[] {
  return mustPlan(name, values).peers.map((peer) => peer.name);
}

describe('the node-to-node mesh', () => {
  it('is one session for each family that both nodes have, named as BIRD names it, sorted', () => {
    expect(names('a', [A, B, C])).toEqual(['Mesh_10_0_0_10', 'Mesh_10_0_0_2', 'Mesh_fd00__2']);
  });

  it('is on unless nodeToNodeMeshEnabled is false in default', () => {
    expect(names('a', [A, B, NO_MESH])).toEqual([]);
    const perNode = resource('BGPConfiguration', 'node.a', { nodeToNodeMeshEnabled: false });
    expect(names('a', [A, B, perNode])).toHaveLength(2);
  });

  it('leaves out route reflectors, and has no sessions on one', () => {
    const reflector = node('r', '10.0.0.9', RR);
    expect(names('a', [A, C, reflector])).toEqual(['Mesh_10_0_0_10']);
    expect(names('r', [A, C, reflector])).toEqual([]);
  });

  it('knows the own node by its address', () => {
    expect(names('a', [A, node('twin', '10.0.0.1')])).toEqual([]);
  });

  it('takes the remote AS from the Node, and from the own AS where it says none', () => {
    const own = node('a', '10.0.0.1', { asNumber: 65001 });
    const other = node('d', '10.0.0.4', { asNumber: '1.1' });
    const plan = mustPlan('a', [own, C, other]);
    expect(peerNamed(plan, 'Mesh_10_0_0_10')).toMatchObject({ localAs: 65001, remoteAs: 65001 });
    expect(peerNamed(plan, 'Mesh_10_0_0_4').remoteAs).toBe(65537);
  });

  it('goes to the listen port of the other node, else the global one, without a suffix', () => {
    const global = resource('BGPConfiguration', 'default', { listenPort: 1179 });
    const special = resource('BGPConfiguration', 'node.c', { listenPort: 2179 });
    const plan = mustPlan('a', [A, B, C, global, special]);
    expect(peerNamed(plan, 'Mesh_10_0_0_2').remotePort).toBe(1179);
    expect(peerNamed(plan, 'Mesh_10_0_0_10').remotePort).toBe(2179);
    expect(plan.listen.port).toBe(1179);
  });

  it('is dialled by the side whose address is the greater text, not the greater number', () => {
    const low = node('l', '10.0.0.9');
    expect(peerNamed(mustPlan('l', [low, C]), 'Mesh_10_0_0_10').passive).toBe(false);
    expect(peerNamed(mustPlan('c', [low, C]), 'Mesh_10_0_0_9').passive).toBe(true);
  });

  it('offers 90 s hold time, 120 s restart time or nodeMeshMaxRestartTime, and its own family', () => {
    const peer = peerNamed(mustPlan('a', [A, B]), 'Mesh_fd00__2');
    expect(peer).toMatchObject({ holdTime: 90, restartTime: 120, families: ['ipv6-unicast'] });
    expect(peer.localAddress).toBe('fd00::1');
    const global = resource('BGPConfiguration', 'default', { nodeMeshMaxRestartTime: '5m' });
    expect(peerNamed(mustPlan('a', [A, B, global]), 'Mesh_fd00__2').restartTime).toBe(300);
  });
});

describe('BGPPeers', () => {
  const tor = (name: string, spec: object): unknown =>
    resource('BGPPeer', name, { peerIP: '10.0.0.254', asNumber: 64601, ...spec });

  it('without node and nodeSelector are global, with either of them node-scoped', () => {
    expect(names('a', [A, NO_MESH, tor('t', {})])).toEqual(['Global_10_0_0_254']);
    expect(names('a', [A, NO_MESH, tor('t', { node: 'a' })])).toEqual(['Node_10_0_0_254']);
    expect(names('a', [A, NO_MESH, tor('t', { node: 'b' })])).toEqual([]);
    expect(names('a', [A, NO_MESH, tor('t', { nodeSelector: 'all()' })])).toHaveLength(1);
    expect(names('a', [A, NO_MESH, tor('t', { nodeSelector: 'has(tor)' })])).toEqual([]);
  });

  it('get a port suffix whenever a port is known, also 179', () => {
    const spec = { peerIP: '10.0.0.254:179' };
    expect(names('a', [A, NO_MESH, tor('t', spec)])).toEqual(['Global_10_0_0_254_port_179']);
    const six = { peerIP: '[fd00::fe]:1179' };
    expect(names('a', [A, NO_MESH, tor('t', six)])).toEqual(['Global_fd00__fe_port_1179']);
  });

  it('for one address: global before node-scoped, and the first name wins', () => {
    const plan = mustPlan('a', [
      A,
      NO_MESH,
      tor('z', { asNumber: 1 }),
      tor('y', { asNumber: 2 }),
      tor('a', { asNumber: 3, node: 'a' }),
    ]);
    expect(plan.peers.map((peer) => [peer.name, peer.remoteAs])).toEqual([
      ['Global_10_0_0_254', 2],
    ]);
  });

  it('with a peerSelector go to every matching node, by every family it has', () => {
    const rack = { rack: '1' };
    const values = [A, node('d', '10.0.0.4', { asNumber: 65004, ipv6Address: 'fd00::4/64' }, rack)];
    const peer = resource('BGPPeer', 'p', { node: 'a', peerSelector: "rack == '1'" });
    const plan = mustPlan('a', [...values, C, NO_MESH, peer]);
    expect(plan.peers.map((item) => item.name)).toEqual(['Node_10_0_0_4', 'Node_fd00__4']);
    expect(peerNamed(plan, 'Node_fd00__4').remoteAs).toBe(65004);
  });

  it('by peerIP of a node take its listen port, when the AS is its own as well', () => {
    const port = resource('BGPConfiguration', 'node.c', { listenPort: 1179 });
    const to = (asNumber: number): unknown =>
      resource('BGPPeer', 'p', { peerIP: '10.0.0.10', asNumber, reversePeering: 'Manual' });
    expect(names('a', [A, C, NO_MESH, port, to(64512)])).toEqual(['Global_10_0_0_10_port_1179']);
    expect(names('a', [A, C, NO_MESH, port, to(65000)])).toEqual(['Global_10_0_0_10']);
  });

  it('global ones to a node are passive by comparison of texts, node-scoped ones never', () => {
    const to = (spec: object): unknown =>
      resource('BGPPeer', 'p', { peerIP: '10.0.0.10', asNumber: 64512, ...spec });
    expect(mustPlan('a', [A, C, NO_MESH, to({})]).peers[0]!.passive).toBe(true);
    expect(mustPlan('a', [A, C, NO_MESH, to({ node: 'a' })]).peers[0]!.passive).toBe(false);
    expect(mustPlan('a', [A, NO_MESH, tor('t', {})]).peers[0]!.passive).toBe(false);
  });

  it('of a family that the node lacks give no session and a warning', () => {
    const { plan, problems } = planOf('c', [C, NO_MESH, tor('t', { peerIP: 'fd00::fe' })]);
    expect(plan!.peers).toEqual([]);
    expect(problems).toContainEqual(expect.objectContaining({ code: 'NoAddress' }));
  });
});

describe('reverse peering', () => {
  const reflector = node('r', '10.0.0.9', { ...RR, asNumber: 65009 }, { rr: 'yes' });
  const toReflector = (spec: object = {}): unknown =>
    resource('BGPPeer', 'p', { nodeSelector: 'all()', peerSelector: 'has(rr)', ...spec });

  it('gives the remote side the opposite session, never passive, with the same filters', () => {
    const plan = mustPlan('r', [C, reflector, toReflector({ filters: [] })]);
    expect(plan.peers.map((peer) => [peer.name, peer.passive])).toEqual([
      ['Node_10_0_0_10', false],
    ]);
    expect(mustPlan('c', [C, reflector, toReflector()]).peers[0]!.name).toBe('Node_10_0_0_9');
  });

  it('is off when reversePeering is Manual', () => {
    expect(names('r', [C, reflector, toReflector({ reversePeering: 'Manual' })])).toEqual([]);
  });

  it('by peerIP needs the address, the AS and the port of this node, and keeps to its family', () => {
    const to = (peerIP: string, asNumber: number): unknown =>
      resource('BGPPeer', 'p', { node: 'b', peerIP, asNumber });
    expect(names('a', [A, B, NO_MESH, to('10.0.0.1', 64512)])).toEqual(['Node_10_0_0_2']);
    expect(names('a', [A, B, NO_MESH, to('fd00::1', 64512)])).toEqual(['Node_fd00__2']);
    expect(names('a', [A, B, NO_MESH, to('10.0.0.1', 64513)])).toEqual([]);
    expect(names('a', [A, B, NO_MESH, to('10.0.0.1:1179', 64512)])).toEqual([]);
    expect(names('a', [A, B, NO_MESH, to('10.0.0.1:179', 64512)])).toEqual(['Node_10_0_0_2']);
  });

  it('of a global peer goes to all nodes', () => {
    const peer = resource('BGPPeer', 'p', { peerIP: '10.0.0.1', asNumber: 64512 });
    expect(names('a', [A, B, C, NO_MESH, peer])).toEqual(['Node_10_0_0_10', 'Node_10_0_0_2']);
  });

  it('gives way to an explicit session with the same address', () => {
    const explicit = resource('BGPPeer', 'x', { node: 'r', peerIP: '10.0.0.10', asNumber: 65077 });
    const plan = mustPlan('r', [C, reflector, toReflector(), explicit]);
    expect(plan.peers.map((peer) => peer.remoteAs)).toEqual([65077]);
  });
});
