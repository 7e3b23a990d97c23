import { command, flag, JSON_FLAG, oneOf } from '../command.ts';

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
    for await (const route of api().listKernelRoutes(request)) {
      if (options.json) out.json(route);
      const { prefix, state, wanted, held, origin, because } = route;
      rows.push([prefix, state, wanted || '-', held || '-', origin, because || '']);
    }
    if (!options.json) out.table(['Prefix', 'State', 'Wanted', 'Held', 'From', 'Because'], rows);
    return options.diff && rows.length > 0 ? 3 : 0;
  },
});
