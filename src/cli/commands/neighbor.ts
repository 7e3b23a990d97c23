/** `godwit reset`, `clear quarantine`, `disable`, `enable`: one session, by the name or address of its neighbor. */

import { command, flag, text } from '../command.ts';

export const resetNeighbor = command({
  path: ['reset'],
  summary: 'Restart the session with a neighbor, or with --soft only exchange all routes again',
  arguments: ['<name or address>'],
  options: {
    soft: flag('Keep the session; ask for the routes again and send ours again (RFC 2918)'),
  },
  examples: ['reset 10.0.0.2', 'reset Mesh_10_0_0_2 --soft'],
  exitCodes: { 0: 'done' },
  async run({ api, options, words }) {
    await api().command('resetNeighbor', { name: words[0], soft: options.soft });
    return undefined;
  },
});

export const clearQuarantine = command({
  path: ['clear', 'quarantine'],
  summary: 'Let a neighbor come up that is held down because its input met an internal error',
  arguments: ['<name or address>'],
  options: {},
  examples: ['clear quarantine 10.0.0.2'],
  exitCodes: { 0: 'done' },
  async run({ api, words }) {
    await api().command('clearQuarantine', { name: words[0] });
    return undefined;
  },
});

export const disableNeighbor = command({
  path: ['disable'],
  summary: 'Hold the session with a neighbor down until it is enabled again or the daemon restarts',
  arguments: ['<name or address>'],
  options: { reason: text('Told to the neighbor (RFC 9003) and shown here') },
  examples: ['disable 10.0.0.2 --reason "switch maintenance"'],
  exitCodes: { 0: 'done' },
  async run({ api, options, words }) {
    await api().command('setNeighborEnabled', {
      name: words[0],
      enabled: false,
      reason: options.reason ?? '',
    });
    return undefined;
  },
});

export const enableNeighbor = command({
  path: ['enable'],
  summary: 'Let a session that was disabled come up again',
  arguments: ['<name or address>'],
  options: {},
  examples: ['enable 10.0.0.2'],
  exitCodes: { 0: 'done' },
  async run({ api, words }) {
    await api().command('setNeighborEnabled', { name: words[0], enabled: true });
    return undefined;
  },
});
