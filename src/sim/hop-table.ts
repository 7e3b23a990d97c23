/**
 * Where packets go in a cluster in parts: what each kernel does with a packet for each block, as a row of numbers a
 * machine that the parts show each other.
 */

import { prefixAddress } from '../net/prefix.ts';
import { hopOf } from './forwarding.ts';
import { MatchKeys } from './kernel.ts';
import type { Block } from './lab.ts';
import type { Part, PartProgram } from './part.ts';

/** In a row: the number of the next machine, or one of these. */
const DELIVERED = -1;
const LOST = -2;

/** A packet from every node of the part to every block comes to the block's node. @returns a sentence for each that does not. */
export function* packetsArriveIn(part: Part): PartProgram<string[]> {
  const { parts } = part.place;
  const { blocks } = part;
  const targets = blocks.map(({ prefix }) => new MatchKeys(prefixAddress(prefix)));
  const mine = new Int16Array(part.nodes.size * targets.length);
  let at = 0;
  for (const node of part.nodes.values()) {
    for (const keys of targets) {
      const hop = hopOf(node, keys);
      if (hop.end === 'goesOn') mine[at++] = part.network.numberOf(hop.to) ?? LOST;
      else mine[at++] = hop.end === 'delivered' ? DELIVERED : LOST;
    }
  }
  const shown = yield* part.share(new Uint8Array(mine.buffer));
  const tables = shown.map((octets) => new Int16Array(octets.slice().buffer));
  const hop = (machine: number, target: number): number =>
    tables[machine % parts]![Math.floor(machine / parts) * targets.length + target]!;
  const problems: string[] = [];
  for (let lane = 0; lane < part.nodes.size; lane++) {
    const from = lane * parts + part.place.part;
    for (const [target, block] of blocks.entries()) {
      const fate = follow(part, { from, block }, (machine) => hop(machine, target));
      if (fate !== undefined) {
        problems.push(`a packet from ${part.names[from]} to ${block.prefix} ${fate}`);
      }
    }
  }
  return problems;
}

/** @returns what is wrong; undefined when it arrives at the block's owner. */
function follow(
  part: Part,
  packet: { readonly from: number; readonly block: Block },
  hop: (machine: number) => number,
): string | undefined {
  let at = packet.from;
  for (let hops = 0; hops <= part.names.length; hops++) {
    const next = hop(at);
    if (next === LOST) return `is lost at ${part.names[at]}`;
    if (next !== DELIVERED) {
      at = next;
      continue;
    }
    const { owner } = packet.block;
    return part.names[at] === owner ? undefined : `arrives at ${part.names[at]}, not at ${owner}`;
  }
  return 'goes in a circle';
}
