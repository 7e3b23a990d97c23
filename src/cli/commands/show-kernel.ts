/** `godwit show kernel`: what is wanted of the kernel, what it holds, and why they differ. */

import { ExitCode } from '../../io/exit-codes.ts';
import { command, flag, JSON_FLAG, oneOf } from '../command.ts';
import { sortedByPrefix } from '../output/sorted.ts';

const HEAD = ['Prefix', 'State', 'Wanted', 'Held', 'From', 'Because'];

export const showKernel = command({
  path: ['show', 'kernel'],
  summary: 'List kernel routes: what is wanted, what the kernel holds, and why they differ',
  options: {
    family: oneOf(['ipv4', 'ipv6'], 'Only this address family'),
    diff: flag('Only routes that differ'),
    json: JSON_FLAG,
  },
  examples: ['show kernel', 'show kernel --diff', 'show kernel --family ipv6 --json'],
  exitCodes: { 0: 'listed; with --diff: nothing differs', 3: 'with --diff: something differs' },
  async run({ api, options, out }) {
    const request = {
      differing: options.diff,
      ...(options.family === undefined ? {} : { family: options.family }),
    };
    const rows: string[][] = [];
    let count = 0;
    for await (const route of sortedByPrefix(api().listKernelRoutes(request))) {
      count++;
      if (options.json) {
        out.json(route);
        continue;
      }
      const { prefix, state, wanted, held, origin, because } = route;
      rows.push([prefix, state, wanted || '-', held || '-', origin, because || '']);
    }
    if (!options.json && count > 0) out.table(HEAD, rows);
    if (!options.json && count === 0) {
      out.line(options.diff ? 'Nothing differs' : 'No kernel routes are wanted or held');
    }
    return options.diff && count > 0 ? ExitCode.NotSo : ExitCode.Done;
  },
});
