/** `godwit plan`: what a change of the resources would do, before anything happens. */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { PlanMessage } from '../../api/plan-message.ts';
import { ExitCode } from '../../io/exit-codes.ts';
import { command, flag, JSON_FLAG, path, text } from '../command.ts';
import type { Output } from '../output/output.ts';

const EXTENSIONS = ['.yaml', '.yml', '.json'];

export const plan = command({
  path: ['plan'],
  summary:
    'Show what a change of the resources would do: sessions, prefixes of each peer, kernel routes, risk',
  options: {
    file: path('File or directory with the resources as they would be', 'f'),
    remove: text('Resources that would be deleted, as Kind/name, separated by commas'),
    replace: flag('What is not in the files would be deleted'),
    json: JSON_FLAG,
  },
  examples: [
    'plan -f new-peer.yaml',
    'plan -f resources/ --replace',
    'plan --remove BGPPeer/tor-1 --json',
  ],
  exitCodes: { 0: 'said; nothing was changed', 3: 'no plan can be made of it, or it has errors' },
  async run({ api, options, out }) {
    const reply = await api().plan({
      files: options.file === undefined ? [] : readFiles(options.file),
      replace: options.replace,
      remove: (options.remove ?? '').split(',').filter((name) => name !== ''),
    });
    if (options.json) out.json(reply);
    else show(reply, out);
    const wrong =
      reply.refused !== '' || reply.problems.some((problem) => problem.startsWith('error'));
    return wrong ? ExitCode.NotSo : ExitCode.Done;
  },
});

function readFiles(given: string): { name: string; text: string }[] {
  const names = statSync(given).isDirectory()
    ? readdirSync(given)
        .filter((name) => !name.startsWith('.') && EXTENSIONS.some((end) => name.endsWith(end)))
        .sort()
        .map((name) => join(given, name))
    : [given];
  return names.map((name) => ({ name, text: readFileSync(name, 'utf8') }));
}

function show(reply: PlanMessage, out: Output): void {
  for (const problem of reply.problems) out.line(problem);
  if (reply.refused !== '') {
    out.line(reply.refused);
    return;
  }
  for (const reason of reply.whole) out.line(`node: ${reason}`);
  showSessions(reply, out);
  showOwn('announced anew', reply.ownGained, { total: reply.ownGainedCount, out });
  showOwn('withdrawn', reply.ownLost, { total: reply.ownLostCount, out });
  for (const { name, received, advertised } of reply.peers) {
    showDifference(`${name} received`, received, out);
    showDifference(`${name} advertised`, advertised, out);
  }
  const { added, changed, removed, examples } = reply.kernel;
  if (added + changed + removed > 0) {
    out.line(`kernel routes: ${added} added, ${changed} changed, ${removed} removed`);
    for (const example of examples) out.line(`  ${example}`);
  }
  for (const note of reply.notes) out.line(`note: ${note}`);
  if (reply.heldBecause !== '') out.line(`held: ${reply.heldBecause}`);
  out.line(`risk: ${reply.risk}`);
}

function showSessions({ sessions, sessionsLeftOut }: PlanMessage, out: Output): void {
  for (const { name, change, reason, established } of sessions) {
    const state = established ? 'Established' : 'not Established';
    const now = change === 'add' ? '' : ` (${state})`;
    out.line(`session ${change}: ${name}${now}: ${reason}`);
  }
  if (sessionsLeftOut > 0) out.line(`and ${sessionsLeftOut} more sessions`);
}

function showOwn(
  what: string,
  prefixes: readonly string[],
  { total, out }: { readonly total: number; readonly out: Output },
): void {
  if (total === 0) return;
  const more = total > prefixes.length ? ` and ${total - prefixes.length} more` : '';
  out.line(`own prefixes ${what}: ${prefixes.join(', ')}${more}`);
}

function showDifference(
  what: string,
  difference: PlanMessage['peers'][number]['received'],
  out: Output,
): void {
  const { gained, lost, gainedExamples, lostExamples } = difference;
  if (gained > 0) out.line(`${what}: ${gained} gained${examplesText(gainedExamples, gained)}`);
  if (lost > 0) out.line(`${what}: ${lost} lost${examplesText(lostExamples, lost)}`);
}

function examplesText(examples: readonly string[], total: number): string {
  return `: ${examples.join(', ')}${total > examples.length ? ' …' : ''}`;
}
