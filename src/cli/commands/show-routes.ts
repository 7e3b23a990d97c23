/** `godwit show routes`: every path to a prefix, and why each is not the best. */

import type { RouteMessage } from '../../api/messages.ts';
import { ExitCode } from '../../io/exit-codes.ts';
import { command, flag, JSON_FLAG, number, oneOf, text } from '../command.ts';
import type { Output } from '../output/output.ts';
import { sortedByPrefix } from '../output/sorted.ts';

export const showRoutes = command({
  path: ['show', 'routes'],
  summary: 'List routes with all their paths; each path that is not the best says why',
  arguments: ['[prefix]'],
  options: {
    family: oneOf(['ipv4', 'ipv6'], 'Only this address family'),
    neighbor: text('Only paths received from this neighbor (name or address)'),
    sent: flag('With --neighbor: what was told to it instead'),
    limit: number('At most so many prefixes'),
    json: JSON_FLAG,
  },
  examples: ['show routes', 'show routes 10.244.1.0/26', 'show routes --neighbor 10.0.0.2 --sent'],
  exitCodes: { 0: 'listed', 4: 'the prefix asked for is not known' },
  async run({ api, options, words, out }) {
    const [prefix] = words;
    const request = {
      ...(prefix === undefined ? {} : { prefix }),
      ...(options.family === undefined ? {} : { family: options.family }),
      ...(options.neighbor === undefined ? {} : { neighbor: options.neighbor }),
      ...(options.sent ? { direction: 'out' } : {}),
      ...(options.limit === undefined ? {} : { limit: options.limit }),
    };
    let count = 0;
    for await (const route of sortedByPrefix(api().listRoutes(request))) {
      count++;
      if (options.json) out.json(route);
      else print(route, out);
    }
    if (count === 0 && !options.json) out.line(nothing(prefix, options));
    return prefix !== undefined && count === 0 ? ExitCode.Unknown : ExitCode.Done;
  },
});

function nothing(
  prefix: string | undefined,
  { neighbor, sent }: { readonly neighbor: string | undefined; readonly sent: boolean },
): string {
  const what = prefix ?? 'No route';
  if (neighbor === undefined) return `${what} is ${prefix === undefined ? '' : 'not '}known`;
  if (prefix === undefined)
    return sent ? `Nothing was told to ${neighbor}` : `No path of ${neighbor} is held`;
  return sent ? `${prefix} was not told to ${neighbor}` : `${neighbor} has no path to ${prefix}`;
}

function print(route: RouteMessage, out: Output): void {
  for (const [i, path] of route.paths.entries()) {
    const mark = path.best ? '*' : path.multipath ? '=' : ' ';
    const facts = [
      path.nextHop ? `via ${path.nextHop}` : path.source,
      `from ${path.from}`,
      path.asPath === '' ? 'AS path empty' : `AS path ${path.asPath}`,
      path.localPref === undefined ? '' : `local-pref ${path.localPref}`,
      path.med === undefined ? '' : `MED ${path.med}`,
      path.communities.length === 0 ? '' : `communities ${path.communities.join(' ')}`,
      path.stale ? 'stale' : '',
      path.because ? `[${path.because}]` : '',
    ].filter((fact) => fact !== '');
    out.line(`${mark} ${(i === 0 ? route.prefix : '').padEnd(20)} ${facts.join(', ')}`);
  }
}
