/** `godwit show status`: who this node is, whether it is ready, and why not. */

import type { StatusMessage } from '../../api/messages.ts';
import { ExitCode } from '../../io/exit-codes.ts';
import { command, JSON_FLAG } from '../command.ts';
import { formatDuration } from '../output/duration.ts';
import type { Output } from '../output/output.ts';
import { drainText } from './drain.ts';

export const showStatus = command({
  path: ['show', 'status'],
  summary: 'Show who this node is, whether it is ready, and why not',
  options: { json: JSON_FLAG },
  examples: ['show status', '-n node-a show status --json'],
  exitCodes: { 0: 'ready', 3: 'running but not ready' },
  async run({ api, options, out }) {
    const status = await api().getStatus();
    if (options.json) out.json(status);
    else print(status, out);
    return status.ready ? ExitCode.Done : ExitCode.NotSo;
  },
});

function print(status: StatusMessage, out: Output): void {
  const { kernel, datastore } = status;
  out.facts([
    ['Node', status.node],
    ['Version', status.version],
    ['BGP Identifier', status.routerId],
    ['Local AS', status.localAs],
    ['Cluster id', status.clusterId],
    ['Up for', formatDuration(status.uptimeSeconds)],
    ['Ready', status.ready ? 'yes' : `no: ${status.notReadyBecause.join('; ')}`],
    ['Drain', status.drain && drainText(status.drain)],
    ['Datastore', `${datastore.state}${because(datastore)}, plan ${status.planRevision}`],
    ['Held change', status.heldChange],
    ['Problems', status.problems === 0 ? 'none' : `${status.problems} (godwit show problems)`],
    ['Recording', status.recording ? 'every input is written (godwit record status)' : undefined],
    ['Kernel', kernelText(kernel)],
    ['Neighbors', `${status.neighborsEstablished} of ${status.neighborsConfigured} Established`],
  ]);
  for (const { family, prefixes, paths } of status.families) {
    out.line(`${family}: ${prefixes} prefixes, ${paths} paths`);
  }
  for (const { local, error } of status.listeners) {
    out.line(error ? `Not listening on ${local}: ${error}` : `Listening on ${local}`);
  }
  for (const { prefix, profile, neighbors, neighborsMax } of status.listenRanges) {
    out.line(
      `Range ${prefix} of PeerProfile/${profile}: ${neighbors} of ${neighborsMax} neighbors`,
    );
  }
  for (const { address, count, lastSeconds, reason } of status.unknownCallers) {
    out.line(
      `Refused ${count} connections from ${address}, the last ${formatDuration(lastSeconds)} ago: ${reason || 'no neighbor has this address'}`,
    );
  }
}

function kernelText(kernel: StatusMessage['kernel']): string {
  const head = `${kernel.state}${because(kernel)}`;
  if (kernel.state === 'disabled') return head;
  const { installed, desired, pending, parked, refused } = kernel;
  return `${head}, ${installed} of ${desired} routes installed, ${pending} pending, ${parked} parked, ${refused} refused`;
}

function because({ reason }: { readonly reason?: string | undefined }): string {
  return reason ? `: ${reason}` : '';
}
