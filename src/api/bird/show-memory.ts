/** `show memory`: BIRD's lines, filled with what a JavaScript process can say of itself. */

import type { BirdCommand } from './command.ts';
import { Code } from './reply.ts';
import { syntaxError } from './tokens.ts';

export const showMemory: BirdCommand = {
  words: ['show', 'memory'],
  usage: '',
  help: 'Show memory usage',
  *run({ port, args, out }) {
    if (args.length > 0) throw syntaxError();
    const { tables, heap, resident } = port.memory();
    const line = (name: string, octets: number): string =>
      out.row(Code.Memory, `${`${name}:`.padEnd(17)} ${sizeText(octets)}`);
    yield out.row(Code.Memory, 'BIRD memory usage');
    // Tables and attributes are columns in the same buffers; the heap holds the rest.
    yield line('Routing tables', tables);
    yield line('Protocols', heap);
    yield line('Total', resident);
    yield out.last(Code.Ok);
  },
};

const UNITS = [' B', 'kB', 'MB', 'GB'];

/** Four digits and a unit. */
function sizeText(octets: number): string {
  let value = octets;
  let unit = 0;
  while (value >= 10_000 && unit < UNITS.length - 1) {
    value = Math.round(value / 1024);
    unit++;
  }
  return `${String(value).padStart(4)} ${UNITS[unit]}`;
}
