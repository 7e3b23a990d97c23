/** `echo (all | off | {CLASSES}) [SIZE]`: events of the daemon as lines that begin with `+`. Classes are not told apart. */

import type { BirdCommand } from './command.ts';
import { Code } from './reply.ts';
import { syntaxError } from './tokens.ts';

export const echo: BirdCommand = {
  words: ['echo'],
  usage: 'all | off',
  help: 'Show events of the daemon as they happen',
  *run({ args, out, session }) {
    const [mask] = args;
    if (mask === undefined || mask.quoted || !/^(all$|off$|\{)/.test(mask.text)) {
      throw syntaxError();
    }
    session.echo(mask.text !== 'off');
    yield out.last(Code.Ok);
  },
};
