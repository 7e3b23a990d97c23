/**
 * `godwit show kernel`: what is wanted of the kernel and what it has. With `--diff` the kernel is read anew, and where
 * the four columns (wanted, sent, acknowledged, in kernel) differ they are printed with the why.
 */

import type { KernelProofMessage, KernelRouteMessage } from '../../api/messages.ts';
import { ExitCode } from '../../io/exit-codes.ts';
import { command, flag, JSON_FLAG, oneOf } from '../command.ts';
import { formatDuration } from '../output/duration.ts';
import type { Output } from '../output/output.ts';
import { sortedByPrefix } from '../output/sorted.ts';

const HEAD = ['Prefix', 'State', 'Wanted', 'Held', 'From', 'Because'];
const DIFF_HEAD = ['Prefix', 'State', 'Wanted', 'Sent', 'Acknowledged', 'In kernel', 'Because'];

export const showKernel = command({
  path: ['show', 'kernel'],
  summary: 'List kernel routes: what is wanted, what the kernel holds, and why they differ',
  options: {
    family: oneOf(['ipv4', 'ipv6'], 'Only this address family'),
    diff: flag(
      'Read the kernel anew; only routes that differ, with what was sent and acknowledged',
    ),
    json: JSON_FLAG,
  },
  examples: ['show kernel', 'show kernel --diff', 'show kernel --family ipv6 --json'],
  exitCodes: {
    0: 'listed; with --diff: nothing differs',
    1: 'with --diff: there is nothing to read, as with `kernel.enabled: false`',
    3: 'with --diff: something differs',
  },
  async run({ api, options, out }) {
    const { diff, json } = options;
    if (diff) await api().proveKernel();
    const proof = diff ? await api().getKernelProof() : undefined;
    const request = {
      differing: diff,
      ...(options.family === undefined ? {} : { family: options.family }),
    };
    const rows: string[][] = [];
    let count = 0;
    for await (const route of sortedByPrefix(api().listKernelRoutes(request))) {
      count++;
      if (json) out.json(route);
      else rows.push(diff ? fourColumns(route) : twoColumns(route));
    }
    const divergences = proof?.divergences ?? [];
    if (json) {
      for (const { kind, ...rest } of divergences) out.json({ divergence: kind, ...rest });
    } else {
      if (count > 0) out.table(diff ? DIFF_HEAD : HEAD, rows);
      else out.line(diff ? 'Nothing differs' : 'No kernel routes are wanted or held');
      if (proof !== undefined) sayProof(proof, out);
    }
    return diff && count + divergences.length > 0 ? ExitCode.NotSo : ExitCode.Done;
  },
});

function twoColumns({
  prefix,
  state,
  wanted,
  held,
  origin,
  because,
}: KernelRouteMessage): string[] {
  const has = held !== '' && held === wanted ? 'as wanted' : held || '-';
  return [prefix, state, wanted || '-', has, origin, because || ''];
}

function fourColumns(route: KernelRouteMessage): string[] {
  const { prefix, state, wanted, sent, acknowledged, inKernel, because } = route;
  return [
    prefix,
    state,
    wanted || '-',
    sent || '-',
    acknowledged || '-',
    inKernel || '-',
    because || '',
  ];
}

function sayProof(proof: KernelProofMessage, out: Output): void {
  const { routes, busy, partial, ageSeconds, divergences } = proof;
  for (const { kind, prefix, expected, found } of divergences) {
    const had = `had ${found || 'nothing'} instead of ${expected || 'nothing'}`;
    out.line(`${prefix} (${kind}): the kernel ${had}, and no event had said so; repaired`);
  }
  const moved = busy === 0 ? '' : `; ${busy} moved meanwhile and were not judged`;
  const missed = partial ? '; it changed meanwhile, so that missing ones were not looked for' : '';
  const age = formatDuration(Math.max(0, ageSeconds));
  out.line(`The kernel was read ${age} ago: ${routes} routes of protocol bird${moved}${missed}`);
}
