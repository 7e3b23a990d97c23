/** `help`: what there is. BIRD leaves it to its clients; who talks to the socket by hand is helped here. */

import type { BirdCommand } from './command.ts';
import { Code } from './reply.ts';

export function help(commands: () => readonly BirdCommand[]): BirdCommand {
  return {
    words: ['help'],
    usage: '',
    help: 'List the commands',
    *run({ out }) {
      for (const { words, usage, help: text } of commands()) {
        const typed = `${words.join(' ')} ${usage}`.trimEnd();
        yield out.row(Code.Text, `${typed}: ${text}`);
      }
      yield out.last(Code.Ok);
    },
  };
}
