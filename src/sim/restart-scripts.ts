/**
 * Scenarios of restarts and leavings beyond `scripts.ts`: a failure each of what graceful restart, its N bit, long-lived
 * graceful restart, enhanced refresh and graceful shutdown are there for.
 */

import { noForwardingLoop, packetsArrive } from './checkers.ts';
import type { Happening } from './course.ts';
import type { SimNode } from './node.ts';

/** A node dies and comes back, and dies again before everybody has told it everything. */
export function twice({ lab, prng, pick, tell, demand }: Happening): void {
  lab.settle();
  const node = pick();
  for (let i = 0; i < 3; i++) {
    node.kill();
    lab.run(200 + prng.below(3000));
    node.start({ restarting: true });
    // From before the first OPEN to after the last End-of-RIB.
    lab.run(prng.below(6000));
    demand(`after start ${i + 1}`, packetsArrive(lab));
  }
  tell(`${node.name} died three times`);
}

/** Two nodes lose sight of each other for longer than the hold time; the N bit keeps what each knew (RFC 8538). */
export function lost({ lab, prng, pick, tell, demand }: Happening): void {
  lab.settle();
  const a = pick();
  const others = lab.running.filter((node) => node !== a);
  const b = others[prng.below(others.length)]!;
  lab.network.partition(a.host, b.host);
  tell(`${a.name} and ${b.name} no longer reach each other`);
  // 90 s of hold time, and within the 120 s of restart time that follow.
  for (let i = 0; i < 15; i++) {
    lab.run(10_000);
    demand('while each waits for the other', packetsArrive(lab));
  }
  lab.heal();
  lab.run(20_000);
  demand('when they are back', packetsArrive(lab));
}

/** A daemon is away for longer than its restart time; its node goes on forwarding (RFC 9494). */
export function outage({ lab, pick, tell, demand }: Happening): void {
  lab.settle();
  const node = pick();
  node.kill();
  tell(`${node.name} is away for ten minutes`);
  for (let i = 0; i < 10; i++) {
    lab.run(60_000);
    demand(`in minute ${i + 1}`, packetsArrive(lab));
  }
  node.start({ restarting: true });
  lab.run(20_000);
  demand('when it is back', packetsArrive(lab));
}

/** Everybody asks everybody for everything again, over and over, while blocks come and go (RFC 7313). */
export function refresh({ lab, prng, pick, tell, demand }: Happening): void {
  lab.settle();
  for (let i = 0; i < 20; i++) {
    const node = pick();
    for (const { name } of node.view.neighbors()) {
      node.command({ command: 'resetNeighbor', name, soft: true });
    }
    lab.run(prng.below(50));
    demand('in a refresh', packetsArrive(lab));
  }
  tell('everything was asked for again twenty times');
}

/** Node after node is drained and comes back (RFC 8326). */
export function drain({ lab, prng, tell, demand }: Happening): void {
  lab.settle();
  for (const node of lab.nodes.values()) {
    node.command({ command: 'drain', limit: 30 });
    lab.run(prng.below(2000));
    demand(`while ${node.name} says that it goes`, packetsArrive(lab));
    // Sometimes before it has come to an end.
    lab.run(prng.below(3) === 0 ? 2000 : 20_000);
    demand(`while ${node.name} is drained`, noForwardingLoop(lab));
    node.command({ command: 'undrain' });
    lab.run(20_000);
    demand(`after ${node.name} is back`, [...packetsArrive(lab), ...stillDrained(node)]);
    tell(`${node.name} was drained`);
  }
}

function stillDrained(node: SimNode): string[] {
  const { drain: state } = node.view.status();
  return state === undefined ? [] : [`${node.name} is ${state.phase}`];
}
