/** `show protocols [all] [NAME|"PATTERN"]`: the rows that every client of Calico parses, and details (model 7.3). */

import type { BirdCommand, BirdRequest } from './command.ts';
import type { BirdPort } from './port.ts';
import { protocolDetails, routeCounts } from './protocol-details.ts';
import { chosenProtocols, type Protocol, protocolsOf, TABLE } from './protocols.ts';
import { Code, type Reply } from './reply.ts';
import { syntaxError } from './tokens.ts';

const HEADING = rowText(['name', 'proto', 'table', 'state', 'since', 'info']);
/** Younger than this shows as a time of day, older as a date; in milliseconds. */
const TIME_OF_DAY_MS_MAX = 20 * 3600 * 1000;

export const showProtocols: BirdCommand = {
  words: ['show', 'protocols'],
  usage: '[all] [<protocol> | "<pattern>"]',
  help: 'Show routing protocols',
  *run(request) {
    const { port, family, args, out } = request;
    const all = args[0]?.text === 'all' && !args[0].quoted;
    const [which, extra] = all ? args.slice(1) : args;
    if (extra !== undefined) throw syntaxError();
    const chosen = yield* which === undefined
      ? protocolsOf(port, family)
      : chosenProtocols(port, family, which);
    yield out.row(Code.ProtocolHeading, HEADING);
    if (all) yield* withDetails(request, chosen);
    else for (const protocol of chosen) yield out.row(Code.Protocol, protocolRow(port, protocol));
    yield out.last(Code.Ok);
  },
};

function* withDetails(request: BirdRequest, chosen: readonly Protocol[]): Reply {
  const { port, out } = request;
  const counts = yield* routeCounts(request);
  for (const protocol of chosen) {
    yield out.row(Code.Protocol, protocolRow(port, protocol));
    for (const line of protocolDetails(request, { protocol, counts })) {
      yield out.row(Code.ProtocolDetails, line);
    }
    yield out.row(Code.ProtocolDetails, '');
    yield undefined;
  }
}

function protocolRow(port: BirdPort, { name, proto, state, sinceMs, info }: Protocol): string {
  return rowText([name, proto, TABLE, state, sinceText(port, sinceMs), info]);
}

/** One word, whatever the age: clients count words. */
export function sinceText(port: BirdPort, ageMs: number): string {
  const { date, time } = port.localTime(ageMs);
  return ageMs < TIME_OF_DAY_MS_MAX ? time : date;
}

function rowText([name, proto, table, state, since, info]: readonly string[]): string {
  const columns = [name!.padEnd(8), proto!.padEnd(8), table!.padEnd(8), state!.padEnd(5)];
  return `${columns.join(' ')}  ${since!.padEnd(10)}  ${info}`;
}
