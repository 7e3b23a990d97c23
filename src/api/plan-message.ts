/** What a proposed change would do, as the API says it (`rpc Plan`), with a line on the risk. */

import type { Difference, PlanForecast, SessionForecast } from '../speaker/preview/types.ts';

/** Sessions named one by one; of more, the rest is a number. */
const SESSIONS_MAX = 1000;
/** Own prefixes named one by one. */
const PREFIXES_MAX = 100;

export type PlanMessage = ReturnType<typeof planMessage>;

export function planMessage(
  forecast: PlanForecast,
  { problems, held }: { readonly problems: readonly string[]; readonly held: string | undefined },
) {
  const { sessions, originated, whole, peers, kernel, notes } = forecast;
  return {
    /** Why nothing can be said; empty when all is said. */
    refused: '',
    problems,
    heldBecause: held ?? '',
    sessions: sessions.slice(0, SESSIONS_MAX),
    sessionsLeftOut: Math.max(0, sessions.length - SESSIONS_MAX),
    ownGained: originated.gained.slice(0, PREFIXES_MAX),
    ownGainedCount: originated.gained.length,
    ownLost: originated.lost.slice(0, PREFIXES_MAX),
    ownLostCount: originated.lost.length,
    whole,
    peers: peers.map(({ name, address, received, advertised }) => ({
      name,
      address,
      received: differenceMessage(received),
      advertised: differenceMessage(advertised),
    })),
    kernel,
    notes,
    risk: riskOf(forecast, held),
  };
}

function differenceMessage({ gained, lost, gainedExamples, lostExamples }: Difference) {
  return { gained, lost, gainedExamples, lostExamples };
}

/** One line: the worst of it first. */
function riskOf(forecast: PlanForecast, held: string | undefined): string {
  const { sessions, originated, peers, kernel } = forecast;
  const down = (change: SessionForecast['change']): number =>
    sessions.filter((session) => session.change === change && session.established).length;
  const losses = [
    count(down('remove'), 'Established session', ['ends', 'end']),
    count(down('restart'), 'Established session', ['restarts', 'restart']),
    count(kernel.removed, 'kernel route', ['goes', 'go']),
    count(kernel.changed, 'kernel route', ['changes', 'change']),
    count(originated.lost.length, 'own prefix', ['is withdrawn', 'are withdrawn']),
    count(peers.filter((peer) => peer.advertised.lost > 0).length, 'peer', [
      'is told less',
      'are told less',
    ]),
  ].filter((text) => text !== undefined);
  const guard = held === undefined ? '' : '; the guard would hold it for a minute';
  if (losses.length > 0) return `${losses.join(', ')}${guard}`;
  const nothing =
    sessions.length + peers.length + kernel.added + originated.gained.length === 0 &&
    forecast.whole.length === 0;
  return nothing ? 'None: nothing changes' : 'Low: nothing that is there goes or is interrupted';
}

function count(number: number, what: string, [one, many]: Verb): string | undefined {
  if (number === 0) return undefined;
  const plural = what === 'own prefix' ? 'own prefixes' : `${what}s`;
  return number === 1 ? `1 ${what} ${one}` : `${number} ${plural} ${many}`;
}

/** Of one, of many. */
type Verb = readonly [string, string];
