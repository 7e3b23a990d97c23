/** `godwit release`: the operator says yes to a change that the guard holds back. */

import { command } from '../command.ts';

export const release = command({
  path: ['release'],
  summary: 'Apply at once a change that is held back because it would remove much at once',
  options: {},
  examples: ['release'],
  exitCodes: { 0: 'applied' },
  async run({ api }) {
    await api().command('releaseHeldChange', {});
    return undefined;
  },
});
