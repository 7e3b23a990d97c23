/** Scenarios with a script: each says what must hold on the way, the checkers at rest see to the rest. */

import { moveBlock } from './acts.ts';
import { noForwardingLoop, packetsArrive, tablesAgree } from './checkers.ts';
import type { Happening } from './course.ts';
import type { SimNode } from './node.ts';
import { REFLECTORS } from './reflectors.ts';
import { affinity, resource } from './resources.ts';
import { ScriptedPeer } from './scripted-peer.ts';

/** One route reflector is lost, then both; what was learned keeps its way for as long as it was promised. */
export function reflectors({ lab, tell, demand }: Happening): void {
  lab.settle();
  demand('with both reflectors', packetsArrive(lab));
  const [first, second] = REFLECTORS.map((name) => lab.node(name));
  first!.kill();
  tell('n1 is lost');
  lab.run(30_000);
  demand('with one reflector', packetsArrive(lab));
  second!.kill();
  tell('n2 is lost, too');
  lab.run(60_000);
  // RFC 4724 §4.2: routes of a peer that said it would be back within 120 s are kept so long.
  demand('with no reflector, within its restart time', packetsArrive(lab));
  lab.run(200_000);
  demand('with no reflector', noForwardingLoop(lab));
  second!.start({ restarting: true });
  tell('n2 is back');
  lab.run(60_000);
  demand('with one reflector back', noForwardingLoop(lab));
}

/** An upgrade: node after node stops and comes back. Nobody's packets are lost. */
export function rolling({ lab, prng, tell, demand }: Happening): void {
  lab.settle();
  for (const node of lab.nodes.values()) {
    node.terminate();
    lab.run(500 + prng.below(4000));
    demand(`while ${node.name} is away`, packetsArrive(lab));
    node.start({ restarting: true });
    lab.run(8000 + prng.below(4000));
    demand(`after ${node.name} came back`, packetsArrive(lab));
    tell(`${node.name} was restarted`);
  }
}

/** A power failure of half of the racks: their daemons die at one instant and come back within seconds. */
export function half({ lab, prng, tell, demand }: Happening): void {
  lab.settle();
  const some = [...lab.nodes.values()].filter((_, index) => index % 2 === 0);
  for (const node of some) node.kill();
  tell(`${some.length} nodes are killed`);
  lab.run(prng.below(20_000));
  demand('while half of the nodes are away', packetsArrive(lab));
  for (const node of some) {
    lab.run(prng.unit() * 50);
    node.start({ restarting: true });
  }
  for (let i = 0; i < 20; i++) {
    lab.run(500);
    demand('while they come back', packetsArrive(lab));
  }
}

/** The cluster is split for longer than any hold time, and healed. Each half goes on by itself. */
export function split({ lab, prng, tell, demand }: Happening): void {
  lab.settle();
  const nodes = [...lab.nodes.values()];
  const at = 1 + prng.below(nodes.length - 1);
  for (const a of nodes.slice(0, at)) for (const b of nodes.slice(at)) cutBetween(a, b);
  tell(`${at} nodes no longer reach the other ${nodes.length - at}`);
  for (let i = 0; i < 20; i++) {
    lab.run(10_000 + prng.unit() * 10_000);
    demand('while the cluster is split', noForwardingLoop(lab));
  }
  lab.heal();
  tell('everybody reaches everybody');

  function cutBetween(a: SimNode, b: SimNode): void {
    lab.network.partition(a.host, b.host);
  }
}

/** Blocks move from owner to owner; nodes hear of it at different moments. */
export function move(run: Happening): void {
  const { lab, prng, tell, demand } = run;
  lab.settle();
  for (let i = 0; i < 6; i++) {
    tell(moveBlock(run));
    lab.run(prng.below(200));
    demand('while a block moves', noForwardingLoop(lab));
    if (prng.below(2) === 0) continue;
    lab.run(10_000);
    demand('after a block has moved', tablesAgree(lab));
    demand('after a block has moved', packetsArrive(lab));
  }
}

/** Thousands of changes within seconds: what nobody has read yet is never more than a mark a prefix. */
export function storm({ lab, prng, tell, demand }: Happening): void {
  lab.settle();
  const calm = lab.documents;
  const nodes = [...lab.nodes.values()];
  for (let i = 0; i < 150; i++) {
    const flapping = nodes.flatMap((node, index) =>
      prng.below(2) === 0 ? [] : [affinity(node.name, `10.244.${200 + index}.0/26`)],
    );
    lab.apply([...calm, ...flapping]);
    lab.run(prng.unit() * 4);
    if (i % 30 === 0) demand('in the storm', noForwardingLoop(lab));
  }
  lab.apply(calm);
  tell(`${nodes.length} blocks came and went 150 times`);
}

/** A neighbor of all nodes that opens sessions and never reads again: it costs its own session, and nothing else. */
export function deaf({ lab, tell, demand }: Happening): void {
  lab.settle();
  const calm = lab.documents;
  const peer = new ScriptedPeer(lab.network, { address: '10.0.0.251', as: 64_512 });
  peer.listen();
  const known = resource('BGPPeer', 'deaf', { peerIP: '10.0.0.251', asNumber: 64_512 });
  const blocks = Array.from({ length: 200 }, (_, i) =>
    affinity('n1', `10.244.${128 + (i >> 2)}.${(i & 3) * 64}/26`),
  );
  lab.apply([...calm, known]);
  lab.run(15_000);
  for (const { socket } of peer.conversations) socket.reading = false;
  tell(`a peer of ${peer.conversations.length} nodes reads no more`);
  for (let i = 0; i < 10; i++) {
    lab.apply([...calm, known, ...(i % 2 === 0 ? blocks : [])]);
    lab.run(5000);
    demand('with a deaf peer', tablesAgree(lab));
    demand('with a deaf peer', packetsArrive(lab));
  }
  // RFC 9687 §4: the SendHoldTimer of eight minutes ends what keepalives alone would keep alive.
  peer.unlisten();
  lab.run(600_000);
  const stands = lab.running.flatMap((node) =>
    node.view
      .neighbors()
      .filter(({ address, state }) => address === peer.address && state === 'Established'),
  );
  // Whoever owed it more than the kernels hold: n1, with its 200 blocks.
  demand(
    'after eight minutes',
    stands.length < lab.nodes.size ? [] : ['every session with the deaf peer stands'],
  );
  lab.apply(calm);
}
