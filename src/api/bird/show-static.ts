/** `show static [static1]`: the prefixes that this node announces as its own. */

import type { BirdCommand } from './command.ts';
import { networks } from './networks.ts';
import { STATIC, theProtocol } from './protocols.ts';
import { BirdError, Code } from './reply.ts';
import { syntaxError } from './tokens.ts';

export const showStatic: BirdCommand = {
  words: ['show', 'static'],
  usage: '[static1]',
  help: 'Show details of static protocol',
  *run({ port, family, args, out }) {
    const [which, extra] = args;
    if (extra !== undefined || which?.quoted === true) throw syntaxError();
    if (which !== undefined) {
      const protocol = theProtocol(port, family, which);
      if (protocol.name !== STATIC) {
        throw new BirdError(Code.ParseError, `${which.text} is not a Static protocol`);
      }
    }
    const source = { view: port.view, family: `${family}-unicast` as const, rejected: false };
    for (const network of networks(source)) {
      if (network === undefined) yield undefined;
      else if (network.paths.some(({ kind }) => kind === 'own')) {
        yield out.row(Code.StaticRoute, `${network.prefix} blackhole`);
      }
    }
    yield out.last(Code.Ok);
  },
};
