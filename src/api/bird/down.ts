/**
 * `down`: the daemon stops as on SIGTERM, which is what `down` is to BIRD too. One process plays both of Calico's
 * BIRDs: it stops for both families, whichever socket was asked (decision 0014).
 */

import type { BirdCommand } from './command.ts';
import { BirdError, Code } from './reply.ts';
import { syntaxError } from './tokens.ts';

export const down: BirdCommand = {
  words: ['down'],
  usage: '',
  help: 'Stop the daemon, for both address families; kernel routes stay',
  changes: true,
  *run({ port, family, args, out }) {
    if (args.length > 0) throw syntaxError();
    const message = `down on the BIRD socket of ${family}`;
    // Said first: the sockets close with the sessions.
    yield out.last(Code.ShutdownRequested, 'Shutdown requested');
    const error = yield (resume) =>
      port.execute({ command: 'shutdown', mode: 'restart', message }, resume);
    if (error !== '') throw new BirdError(Code.AccessDenied, error);
  },
};
