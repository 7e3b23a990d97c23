/** `godwit doctor`: what usually goes wrong, looked for on this machine; most likely first, each with its remedy. */

import { ClientError } from '../../io/client.ts';
import { ExitCode } from '../../io/exit-codes.ts';
import type { GodwitClient } from '../client.ts';
import { command, JSON_FLAG } from '../command.ts';
import { callNeighbors } from '../doctor/call.ts';
import { askStations } from '../doctor/duplicates.ts';
import { examine, isElsewhere } from '../doctor/examine.ts';
import type { DaemonFacts, HostFacts } from '../doctor/facts.ts';
import { readHost } from '../doctor/host.ts';

export const doctor = command({
  path: ['doctor'],
  summary: 'Look for what usually goes wrong, on the node itself; most likely first, with remedies',
  options: { json: JSON_FLAG },
  examples: ['doctor', 'doctor --json'],
  exitCodes: { 0: 'nothing is broken; there may be risks', 3: 'something is broken' },
  async run({ api, options, out }) {
    const host = await readHost();
    const findings = examine({ host, daemon: await askDaemon(api(), host) });
    for (const [i, finding] of findings.entries()) {
      if (options.json) {
        out.json(finding);
        continue;
      }
      if (i > 0) out.line();
      out.line(`${i + 1}. ${finding.grade === 'risk' ? 'Risk: ' : ''}${finding.what}.`);
      out.line(`   → ${finding.remedy}.`);
    }
    if (findings.length === 0 && !options.json)
      out.line('Nothing is wrong that is known to go wrong');
    return findings.some(({ grade }) => grade === 'broken') ? ExitCode.NotSo : ExitCode.Done;
  },
});

async function askDaemon(client: GodwitClient, host: HostFacts): Promise<DaemonFacts | string> {
  try {
    const status = await client.getStatus();
    const neighbors = await all(client.listNeighbors({}));
    // From another network namespace a call says nothing.
    const near = isElsewhere({ host, daemon: { status } }) ? [] : neighbors;
    const [problems, routes, calls, stations] = await Promise.all([
      all(client.listProblems()),
      all(client.listKernelRoutes({ differing: true })),
      callNeighbors(near, status.kernel.vrf ?? ''),
      askStations(near),
    ]);
    return { status, neighbors, problems, routes, calls, stations };
  } catch (error) {
    if (error instanceof ClientError && error.kind === 'unreachable') return error.message;
    throw error;
  }
}

async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of stream) items.push(item);
  return items;
}
