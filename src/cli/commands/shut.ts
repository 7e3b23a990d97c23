/** `godwit shut`: the daemon stops and says goodbye. */

import { command, flag, text } from '../command.ts';

export const shut = command({
  path: ['shut'],
  summary: 'Stop the daemon and say goodbye to all neighbors (Cease 6/2); kernel routes stay',
  options: {
    message: text('Told to the neighbors (RFC 9003)'),
    restart: flag(
      'It will be back: neighbors with graceful restart keep our routes, as with SIGTERM',
    ),
  },
  examples: ['shut --message "node is being replaced"'],
  exitCodes: { 0: 'it stops' },
  async run({ api, options }) {
    await api().command('shutdown', { leave: !options.restart, message: options.message ?? '' });
    return undefined;
  },
});
