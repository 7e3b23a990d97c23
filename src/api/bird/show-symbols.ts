/** `show symbols [table|filter|function|protocol|template|NAME]`: the table and the protocols; there is nothing else. */

import type { BirdCommand } from './command.ts';
import { protocolsOf, TABLE } from './protocols.ts';
import { Code } from './reply.ts';
import { isSymbol, syntaxError } from './tokens.ts';

const KINDS: Readonly<Record<string, string>> = {
  table: 'routing table',
  filter: 'filter',
  function: 'function',
  protocol: 'protocol',
  template: 'protocol template',
};

export const showSymbols: BirdCommand = {
  words: ['show', 'symbols'],
  usage: '[table | filter | function | protocol | template | <symbol>]',
  help: 'Show all known symbolic names',
  *run({ port, family, args, out }) {
    const [which, extra] = args;
    if (extra !== undefined || (which !== undefined && !isSymbol(which))) throw syntaxError();
    const protocols = yield* protocolsOf(port, family);
    const symbols = [
      { name: TABLE, kind: 'routing table' },
      ...protocols.map(({ name }) => ({ name, kind: 'protocol' })),
    ];
    const kind = which !== undefined && Object.hasOwn(KINDS, which.text) && KINDS[which.text];
    if (which !== undefined && kind === false) {
      const found = symbols.find(({ name }) => name === which.text);
      yield out.last(Code.Symbol, symbolText(which.text, found?.kind ?? 'undefined'));
      return;
    }
    for (const symbol of symbols) {
      if (which !== undefined && symbol.kind !== kind) continue;
      yield out.row(Code.Symbol, symbolText(symbol.name, symbol.kind));
    }
    yield out.last(Code.Ok);
  },
};

function symbolText(name: string, kind: string): string {
  return `${name.padEnd(8)}\t${kind}`;
}
