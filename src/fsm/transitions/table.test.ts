/**
 * Every cell of the machine against a table typed from RFC 4271 §8.2.2, state by state and event by event.
 *
 * Where we leave the RFC on purpose, the cell stands in DEPARTURES with its reason, and is compared with that.
 */

import { describe, expect, it } from 'vitest';
import { seconds } from '../../base/units.ts';
import { ErrorCode, OpenSubcode } from '../../wire/iana.ts';
import { notification } from '../../wire/notification.ts';
import type { OpenMessage } from '../../wire/open.ts';
import { EVENT_NUMBERS, type SessionEvent, type SessionEventType } from '../events.ts';
import { STATES, type State } from '../states.ts';
import { resolveTimers } from '../timers.ts';
import { ACTIVE } from './active.ts';
import { CONNECT } from './connect.ts';
import { ESTABLISHED } from './established.ts';
import { IDLE } from './idle.ts';
import { OPEN_CONFIRM } from './open-confirm.ts';
import { OPEN_SENT } from './open-sent.ts';
import type { Action, SessionFacts, StateRow, Transition } from './transition.ts';

// Notation: CRT ConnectRetryTimer, DOT DelayOpenTimer, `=0` stopped, `>` started; Hold=large the initial HoldTimer;
// `session timers` HoldTimer and KeepaliveTimer as negotiated; NOTIFICATION n/m code and subcode (* any; `own`: that
// of the fault). Conditions: [DelayOpen] configured, [DOT] DelayOpenTimer runs. "Releases all BGP resources" is
// left out: session.test.ts shows that Idle has none.
const RFC_4271 = `
Idle 1,3                         -> Connect: retries=0, CRT>, dial
Idle 4,5                         -> Active: retries=0, CRT>
Idle 2,8-12,14-28                -> Idle

Connect 1,3-7                    -> Connect
Connect 2                        -> Idle: drop, retries=0, CRT=0
Connect 9                        -> Connect: drop, CRT>, DOT=0, dial
Connect 12                       -> OpenSent: OPEN, Hold=large
Connect 14,15                    -> Connect
Connect 16,17 [DelayOpen]        -> Connect: CRT=0, DOT>
Connect 16,17                    -> OpenSent: CRT=0, OPEN, Hold=large
Connect 18 [DOT]                 -> Active: CRT>, DOT=0
Connect 18                       -> Idle: CRT=0, drop
Connect 20                       -> OpenConfirm: CRT=0, DOT=0, OPEN, KEEPALIVE, session timers
Connect 21,22                    -> Idle: NOTIFICATION own, CRT=0, drop, retries+1, damp
Connect 24 [DOT]                 -> Idle: CRT=0, DOT=0, drop
Connect 24                       -> Idle: CRT=0, drop, retries+1, damp
Connect 8,10,11,13,19,23,25-28   -> Idle: CRT=0, DOT=0, drop, retries+1, damp

Active 1,3-7                     -> Active
Active 2 [DOT]                   -> Idle: NOTIFICATION 6/*, DOT=0, drop, retries=0, CRT=0
Active 2                         -> Idle: DOT=0, drop, retries=0, CRT=0
Active 9                         -> Connect: CRT>, dial
Active 12                        -> OpenSent: CRT=0, DOT=0, OPEN, Hold=large
Active 14,15                     -> Active
Active 16,17 [DelayOpen]         -> Active: CRT=0, DOT>
Active 16,17                     -> OpenSent: CRT=0, OPEN, Hold=large
Active 18                        -> Idle: CRT>, DOT=0, retries+1, damp
Active 20                        -> OpenConfirm: CRT=0, DOT=0, OPEN, KEEPALIVE, session timers
Active 21,22                     -> Idle: NOTIFICATION own, CRT=0, drop, retries+1, damp
Active 24 [DOT]                  -> Idle: CRT=0, DOT=0, drop
Active 24                        -> Idle: CRT=0, drop, retries+1, damp
Active 8,10,11,13,19,23,25-28    -> Idle: CRT=0, drop, retries+1, damp

OpenSent 1,3-7                   -> OpenSent
OpenSent 2                       -> Idle: NOTIFICATION 6/*, CRT=0, drop, retries=0
OpenSent 8                       -> Idle: NOTIFICATION 6/*, CRT=0, drop, retries+1, damp
OpenSent 10                      -> Idle: NOTIFICATION 4/0, CRT=0, drop, retries+1, damp
OpenSent 14,15,16,17             -> OpenSent
OpenSent 18                      -> Active: drop, CRT>
OpenSent 19                      -> OpenConfirm: DOT=0, CRT=0, KEEPALIVE, session timers
OpenSent 21,22                   -> Idle: NOTIFICATION own, CRT=0, drop, retries+1, damp
OpenSent 23                      -> Idle: NOTIFICATION 6/*, CRT=0, drop, retries+1, damp
OpenSent 24                      -> Idle: CRT=0, drop
OpenSent 9,11-13,20,25-28        -> Idle: NOTIFICATION 5/*, CRT=0, drop, retries+1, damp

OpenConfirm 1,3-7                -> OpenConfirm
OpenConfirm 2                    -> Idle: NOTIFICATION 6/*, drop, retries=0, CRT=0
OpenConfirm 8                    -> Idle: NOTIFICATION 6/*, CRT=0, drop, retries+1, damp
OpenConfirm 10                   -> Idle: NOTIFICATION 4/0, CRT=0, drop, retries+1, damp
OpenConfirm 11                   -> OpenConfirm: KEEPALIVE, Keepalive>
OpenConfirm 14-17                -> OpenConfirm
OpenConfirm 18,25                -> Idle: CRT=0, drop, retries+1, damp
OpenConfirm 24                   -> Idle: CRT=0, drop
OpenConfirm 19                   -> OpenConfirm
OpenConfirm 21,22                -> Idle: NOTIFICATION own, CRT=0, drop, retries+1, damp
OpenConfirm 23                   -> Idle: NOTIFICATION 6/*, CRT=0, drop, retries+1, damp
OpenConfirm 26                   -> Established: Hold>
OpenConfirm 9,12,13,20,27,28     -> Idle: NOTIFICATION 5/*, CRT=0, drop, retries+1, damp

Established 1,3-7                -> Established
Established 2                    -> Idle: NOTIFICATION 6/*, CRT=0, drop, retries=0
Established 8                    -> Idle: NOTIFICATION 6/*, CRT=0, drop, retries+1, damp
Established 10                   -> Idle: NOTIFICATION 4/0, CRT=0, drop, retries+1, damp
Established 11                   -> Established: KEEPALIVE, Keepalive>
Established 14-17                -> Established
Established 19                   -> Established
Established 23                   -> Idle: NOTIFICATION 6/*, CRT=0, drop, retries+1, damp
Established 18,24,25             -> Idle: CRT=0, drop, retries+1
Established 26,27                -> Established: Hold>
Established 28                   -> Idle: NOTIFICATION own, CRT=0, drop, retries+1, damp
Established 9,12,13,20-22        -> Idle: NOTIFICATION 5/*, CRT=0, drop, retries+1, damp
`;

/** Cells that the RFC leaves open, or that later RFCs bring. Same notation; 30 is RouteRefreshMsg. */
const LATER_AND_LOCAL = `
# RFC 4271 §8.2.2 leaves the method of damping (Events 6, 7, 13) to us: start like 1 and 4, or stay.
Idle 6 [held]                    -> Idle: stay
Idle 6                           -> Connect: retries=0, CRT>, dial
Idle 7 [held]                    -> Idle: stay
Idle 7                           -> Active: retries=0, CRT>
Idle 13 [rested]                 -> Connect: CRT>, dial
Idle 13                          -> Active: CRT>
# RFC 9687 §3.
Idle 29,30                       -> Idle
Connect 29,30                    -> Idle: CRT=0, DOT=0, drop, retries+1, damp
Active 29,30                     -> Idle: CRT=0, drop, retries+1, damp
OpenSent 29,30                   -> Idle: NOTIFICATION 5/*, CRT=0, drop, retries+1, damp
OpenConfirm 29,30                -> Idle: NOTIFICATION 5/*, CRT=0, drop, retries+1, damp
Established 29                   -> Idle: CRT=0, drop, retries+1, damp
# RFC 2918 §4.
Established 30                   -> Established
`;

/** What we do instead, and why. */
const DEPARTURES: readonly { readonly cell: string; readonly why: string }[] = [
  {
    cell: 'Idle 2 -> Idle: IdleHold=0',
    why: 'a session that waits in Idle to start again by itself must obey a stop',
  },
  {
    cell: 'Active 18 -> Idle: CRT=0, DOT=0, retries+1, damp',
    why: 'ConnectRetryTimer has no meaning in Idle, whose Event 9 does nothing; IdleHoldTimer leads out of it',
  },
  {
    cell: 'OpenSent 18 -> Active: drop, CRT>, Hold=0',
    why: 'HoldTimer belongs to the connection that is gone; left running it would end the next attempt',
  },
  {
    cell: 'OpenSent 25 -> Idle: CRT=0, drop, retries+1, damp',
    why: 'RFC 4271 §6.4: a NOTIFICATION is never answered with a NOTIFICATION',
  },
  {
    cell: 'OpenConfirm 19 -> Idle: NOTIFICATION 5/2, CRT=0, drop, retries+1, damp',
    why: 'each connection has a machine of its own, so this is a second OPEN on one connection (RFC 6608 §4)',
  },
  {
    cell: 'OpenConfirm 26 -> Established: Hold>, SendHold>',
    why: 'RFC 9687 §3 starts SendHoldTimer here',
  },
  {
    cell: 'Established 19 -> Idle: NOTIFICATION 5/3, CRT=0, drop, retries+1, damp',
    why: 'as in OpenConfirm; CollisionDetectEstablishedState is FALSE',
  },
  {
    cell: 'Established 21 -> Idle: NOTIFICATION own, CRT=0, drop, retries+1, damp',
    why: 'RFC 4271 §6.1 demands the Message Header Error itself, with the field at fault',
  },
  {
    cell: 'Established 25 -> Idle: CRT=0, drop, retries+1, damp',
    why: 'a peer that refuses our UPDATEs would otherwise be called again every few seconds for ever',
  },
];

const ROWS: Readonly<Record<State, StateRow>> = {
  Idle: IDLE,
  Connect: CONNECT,
  Active: ACTIVE,
  OpenSent: OPEN_SENT,
  OpenConfirm: OPEN_CONFIRM,
  Established: ESTABLISHED,
};

const OWN = notification(ErrorCode.Open, OpenSubcode.BadPeerAs);
const OPEN: OpenMessage = {
  version: 4,
  myAs: 64512,
  holdTime: 90,
  bgpIdentifier: 1,
  capabilities: [],
};

interface Expected {
  readonly state: State;
  readonly event: number;
  readonly condition: string;
  readonly next: string;
  readonly actions: readonly string[];
}

function parseTable(text: string): Expected[] {
  const cells: Expected[] = [];
  for (const line of text.split('\n')) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const match =
      /^(\w+) ([\d,-]+)(?: \[(\w+)\])?\s*->\s*(\w+)(?:: (.*))?$/.exec(line.trim()) ?? undefined;
    if (match === undefined) throw new Error(`Not a row: ${line}`);
    const [, state, events, condition, next, actions] = match;
    for (const event of expandEvents(events!)) {
      cells.push({
        state: state as State,
        event,
        condition: condition ?? '',
        next: next!,
        actions: (actions ?? '')
          .split(', ')
          .filter((action) => action !== '')
          .sort(),
      });
    }
  }
  return cells;
}

function expandEvents(text: string): number[] {
  return text.split(',').flatMap((part) => {
    const [first, last] = part.split('-').map(Number);
    return Array.from({ length: (last ?? first!) - first! + 1 }, (_, i) => first! + i);
  });
}

function eventOf(number: number): SessionEvent {
  const type = eventType(number);
  switch (type) {
    case 'BGPOpen':
    case 'BGPOpen_with_DelayOpenTimer_running':
      return { type, open: OPEN };
    case 'BGPHeaderErr':
    case 'BGPOpenMsgErr':
    case 'UpdateMsgErr':
    case 'NotifMsg':
    case 'NotifMsgVerErr':
      return { type, notification: OWN };
    default:
      return { type };
  }
}

function eventType(number: number): SessionEventType {
  if (number === 30) return 'RouteRefreshMsg';
  const found = Object.entries(EVENT_NUMBERS).find(([, n]) => n === number);
  if (found === undefined) throw new Error(`No event ${number}`);
  return found[0] as SessionEventType;
}

function factsOf(state: State, condition: string): SessionFacts {
  return {
    state,
    timers: resolveTimers(condition === 'DelayOpen' ? { delayOpenTime: seconds(1) } : {}),
    localAs: 64512,
    passive: false,
    ephemeral: false,
    delayOpenRunning: condition === 'DOT',
    heldBack: condition === 'held',
    rested: condition === 'rested',
    holdTimeRunning: 90,
    sendHoldTimeRunning: 480,
  };
}

function transitionOf(expected: Expected): Transition {
  const event = eventOf(expected.event);
  const row = ROWS[expected.state];
  const cell = (row[event.type] ?? row.otherwise) as StateRow['otherwise'];
  return cell(factsOf(expected.state, expected.condition), event);
}

/** An action in the notation of the tables; our own bookkeeping (reasons) has none. */
function inWords(action: Action): string[] {
  switch (action.act) {
    case 'sendOpen':
      return ['OPEN'];
    case 'sendKeepalive':
      return ['KEEPALIVE'];
    case 'notify': {
      const { code, subcode } = action.notification;
      return [action.notification === OWN ? 'NOTIFICATION own' : `NOTIFICATION ${code}/${subcode}`];
    }
    case 'start':
      return [action.span === 'initialHoldTime' ? 'Hold=large' : `${shortName(action.timer)}>`];
    case 'stop':
      return [`${shortName(action.timer)}=0`];
    case 'adopt':
      return ['session timers'];
    case 'countRetry':
      return ['retries+1'];
    case 'forgetRetries':
      return ['retries=0'];
    case 'stayIdle':
      return ['stay'];
    case 'because':
      return [];
    default:
      return [action.act];
  }
}

function shortName(timer: string): string {
  const short: Readonly<Record<string, string>> = {
    ConnectRetryTimer: 'CRT',
    DelayOpenTimer: 'DOT',
  };
  return short[timer] ?? timer.replace('Timer', '');
}

/** `NOTIFICATION 6/*` stands for every subcode. */
function matches(expected: readonly string[], actual: readonly string[]): boolean {
  return (
    expected.length === actual.length &&
    expected.every((word, i) =>
      word.endsWith('/*') ? actual[i]!.startsWith(word.slice(0, -1)) : word === actual[i],
    )
  );
}

const rfc = parseTable(RFC_4271);
const later = parseTable(LATER_AND_LOCAL);
const departures = parseTable(DEPARTURES.map(({ cell }) => cell).join('\n'));
const keyOf = (cell: Expected): string => `${cell.state} ${cell.event} ${cell.condition}`;
const departed = new Map(departures.map((cell) => [keyOf(cell), cell]));

describe('RFC 4271 §8.2.2 state × event', () => {
  for (const cell of [...rfc, ...later]) {
    const { state, event, condition } = cell;
    const wanted = departed.get(keyOf(cell)) ?? cell;
    const suffix = condition === '' ? '' : ` with ${condition}`;
    it(`takes ${state} to ${wanted.next} on ${eventType(event)}${suffix}`, () => {
      const { next, actions } = transitionOf(wanted);
      const words = actions.flatMap(inWords).sort();
      expect(next).toBe(wanted.next);
      expect(matches(wanted.actions, words), `${wanted.actions} is not ${words}`).toBe(true);
    });
  }

  it('has a cell for every state and every event', () => {
    const present = new Set([...rfc, ...later].map(({ state, event }) => `${state} ${event}`));
    const missing = STATES.flatMap((state) =>
      Array.from({ length: 30 }, (_, i) => `${state} ${i + 1}`).filter((key) => !present.has(key)),
    );
    expect(missing).toEqual([]);
  });

  it('departs from the RFC only where it says so, and never without need', () => {
    const byKey = new Map(rfc.map((cell) => [keyOf(cell), cell]));
    for (const departure of departures) {
      const original = byKey.get(keyOf(departure));
      expect(original, keyOf(departure)).toBeDefined();
      expect({ ...departure }).not.toEqual({ ...original });
    }
  });

  it('gives a reason with every fall from a state, so that people can be told', () => {
    for (const cell of [...rfc, ...later]) {
      const { next, actions } = transitionOf(cell);
      const falls = next === 'Idle' && cell.state !== 'Idle';
      expect(actions.some(({ act }) => act === 'because') || !falls, keyOf(cell)).toBe(true);
    }
  });
});
