/** `restrict`: from now on this client may look and change nothing. `birdc -r` begins with it. */

import type { BirdCommand } from './command.ts';
import { Code } from './reply.ts';
import { syntaxError } from './tokens.ts';

export const restrict: BirdCommand = {
  words: ['restrict'],
  usage: '',
  help: 'Restrict this client to safe commands',
  *run({ args, out, session }) {
    if (args.length > 0) throw syntaxError();
    session.restrict();
    yield out.last(Code.AccessRestricted, 'Access restricted');
  },
};
