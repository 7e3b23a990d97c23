/** `godwit drain`, `undrain`: the node leaves without a loss, stays away, and comes back (RFC 8326). */

import type { StatusMessage } from '../../api/messages.ts';
import { ExitCode } from '../../io/exit-codes.ts';
import type { GodwitClient } from '../client.ts';
import { command, number, text } from '../command.ts';
import { formatDuration } from '../output/duration.ts';
import type { Output } from '../output/output.ts';

type Drain = NonNullable<StatusMessage['drain']>;

/** Between two looks at how far it is, in milliseconds. */
const LOOK_MS = 250;

export const drain = command({
  path: ['drain'],
  summary:
    'Leave without a loss: say so, wait until routes have moved, withdraw, close all sessions',
  options: {
    limit: number('Seconds until routes are withdrawn at the latest; 60 when not said'),
    message: text('Told to the neighbors (RFC 9003)'),
  },
  examples: ['drain', 'drain --limit 120 --message "kernel upgrade"'],
  exitCodes: { 0: 'drained: all sessions are closed', 3: 'somebody ended the drain meanwhile' },
  async run({ api, options, out }) {
    await api().command('drain', {
      limitSeconds: options.limit ?? 0,
      message: options.message ?? '',
    });
    return follow(api(), out);
  },
});

export const undrain = command({
  path: ['undrain'],
  summary: 'End a drain: let sessions come up and announce all routes as usual',
  options: {},
  examples: ['undrain'],
  exitCodes: { 0: 'done' },
  async run({ api }) {
    await api().command('undrain', {});
    return undefined;
  },
});

/** Tells each phase as it comes. Interrupted, the drain goes on all the same. */
async function follow(api: GodwitClient, out: Output): Promise<number> {
  let told = '';
  for (;;) {
    const { drain: state } = await api.getStatus();
    if (!state) {
      out.line('The drain was ended before it was complete');
      return ExitCode.NotSo;
    }
    if (state.phase !== told) out.line(drainText(state));
    told = state.phase;
    if (state.phase === 'drained') return ExitCode.Done;
    await new Promise((resolve) => {
      setTimeout(resolve, LOOK_MS);
    });
  }
}

export function drainText(state: Drain): string {
  const { phase, prefixes, elsewhere, sinceSeconds, leftSeconds } = state;
  switch (phase) {
    case 'announced':
      return `routes are announced as going away, ${elsewhere} of our ${prefixes} prefixes are known from others too; for another ${formatDuration(leftSeconds)} at most`;
    case 'withdrawn':
      return 'routes are withdrawn';
    case 'drained':
      return `all sessions are closed, ${formatDuration(sinceSeconds)} after the beginning; godwit undrain ends it`;
  }
}
