/**
 * Every public test message that is no UPDATE, in a live session: OPENs where an OPEN is awaited, the others in
 * Established, beside an observer who must notice exactly the end of the session.
 */

import { expect, it } from 'vitest';
import { describeWith } from '../../test/support/requirements.ts';
import {
  DIFFERENCES,
  type Judgement,
  SESSION_DIFFERENCES,
} from '../../test/support/vectors/judgements.ts';
import { headerError, readPlainOpen } from '../../test/support/vectors/plain-errors.ts';
import { plainUpdate } from '../../test/support/vectors/plain-export.ts';
import { readPlainUpdate } from '../../test/support/vectors/plain-update.ts';
import {
  expectedOf,
  readVectors,
  typeOf,
  VECTOR_FILES,
  type Vector,
} from '../../test/support/vectors/public-vectors.ts';
import { announcedIn, isIncomplete, mustBe, OCTETS } from '../../test/support/vectors/told.ts';
import { KEEPALIVE } from '../wire/keepalive.ts';
import { toHex } from '../wire/text.ts';
import { Observed, type Party } from './testing/observed.ts';

const OBSERVER: Party = { address: '198.51.100.11', as: 65_020, as4: true };
const ROUTE_OF_SENDER = `4:18cb0071`;
const ROUTE_OF_OBSERVER = `4:18c0a801`;

const FAMILIES = { '1/1': 'ipv4-unicast', '2/1': 'ipv6-unicast' } as const;

/** `2/2`, or with data `1/2 0013`, of a NOTIFICATION. */
function notificationText(message: string): string {
  const [code, subcode] = [message.slice(38, 40), message.slice(40, 42)].map((two) =>
    parseInt(two, 16),
  );
  return `${code}/${subcode} ${message.slice(42)}`.trim();
}

/** The plainest UPDATE there is, for one prefix. */
function announcement(prefix: string, as: string, nextHop: string): string {
  const attributes = [
    { flags: 0x40, type: 1, value: '00' },
    { flags: 0x40, type: 2, value: `0201${as}` },
    { flags: 0x40, type: 3, value: nextHop },
  ];
  return plainUpdate(4, { attributes, nextHop: '' }, [prefix]);
}

/** An OPEN in OpenSent. @returns The NOTIFICATION that answers it; undefined when it is accepted. */
function runOpen(vector: Vector): string | undefined {
  const plain = readPlainOpen(vector.hex);
  const isPeerAs = plain.as > 0 && plain.as !== 23_456;
  const sender = { address: '198.51.100.2', as: isPeerAs ? plain.as : 65_001, as4: true };
  const observed = new Observed([sender]);
  const talk = observed.accept(sender);
  talk.heard.length = 0;
  observed.say(talk, vector.hex);
  const keepalives = talk.heard.filter((message) => message === toHex(KEEPALIVE));
  const [notification] = talk.take(3).map(notificationText);
  if (isIncomplete(vector)) {
    mustBe('state', [observed.state(talk)!], ['OpenSent']);
    return undefined;
  }
  mustBe('NOTIFICATION', [`${notification}`], [`${headerError(vector.hex) ?? plain.error}`]);
  mustBe('state', [observed.state(talk)!], [notification === undefined ? 'OpenConfirm' : 'Idle']);
  if (notification !== undefined) return notification;
  mustBe('KEEPALIVE', keepalives, [toHex(KEEPALIVE)]);
  observed.say(talk, toHex(KEEPALIVE));
  mustBe('state', [observed.state(talk)!], ['Established']);
  const up = observed
    .of('publish')
    .flatMap(({ event }) => (event.event === 'session-up' ? [event] : []));
  // RFC 4760 §8: both must name a family; who names none speaks IPv4 unicast.
  const theirs = plain.families.length === 0 ? ['1/1'] : plain.families;
  const both = Object.entries(FAMILIES).filter(([code]) => theirs.includes(code));
  mustBe(
    'families',
    up[0]!.families,
    both.map(([, family]) => family),
  );
  return undefined;
}

interface Told {
  readonly notification: string | undefined;
  readonly stands: boolean;
  /** Whether the sender is told the observer's route once more. */
  readonly again: boolean;
}

/** Any other message in Established. */
function runOther(vector: Vector): Told {
  const sender = { address: '198.51.100.2', as: 65_001, as4: true };
  const observed = new Observed([sender, OBSERVER]);
  const [from, observer] = [observed.establish(sender), observed.establish(OBSERVER)];
  observed.say(from, announcement(ROUTE_OF_SENDER, '0000fde9', OCTETS.sender4));
  observed.say(observer, announcement(ROUTE_OF_OBSERVER, '0000fdfc', 'c633640b'));
  const both = [from, observer].map((talk) => announcedIn(talk.take(2)));
  mustBe('announced', both.flat(), [ROUTE_OF_OBSERVER, ROUTE_OF_SENDER]);
  observed.say(from, vector.hex);
  const stands = observed.state(from) === 'Established';
  mustBe(
    'bugs of ours',
    observed.of('keepEvidence').map(({ reason }) => reason),
    [],
  );
  mustBe('state of the observer', [observed.state(observer)!], ['Established']);
  const gone = observer.take(2).flatMap((message) => readPlainUpdate(message).withdrawn);
  mustBe('withdrawn', gone, stands ? [] : [ROUTE_OF_SENDER]);
  const notification = from.heard.filter((message) => message.slice(36, 38) === '03')[0];
  return {
    notification: notification === undefined ? undefined : notificationText(notification),
    stands,
    again: announcedIn(from.take(2)).includes(ROUTE_OF_OBSERVER),
  };
}

/** What must come of a message that is neither OPEN nor UPDATE. */
function wanted(vector: Vector): Told {
  const nothing = { notification: undefined, stands: true, again: false };
  const error = vector.hex.length < 38 ? undefined : headerError(vector.hex);
  if (error?.startsWith('1/3') === true)
    return { notification: error, stands: false, again: false };
  if (isIncomplete(vector)) return nothing;
  const type = typeOf(vector);
  const body = vector.hex.slice(38);
  // RFC 7313 §5: the length of a marker has an error of its own, with the whole message as data.
  const isMarker = ['01', '02'].includes(body.slice(4, 6));
  if (type === 5 && (body.length < 8 || (isMarker && body.length > 8))) {
    return { notification: `7/1 ${vector.hex}`, stands: false, again: false };
  }
  if (error !== undefined) return { notification: error, stands: false, again: false };
  // RFC 4271 §6.4: a NOTIFICATION, whatever it says, ends the session and is not answered.
  if (type === 3) return { notification: undefined, stands: false, again: false };
  // RFC 2918 §4; RFC 7313 §5: subtypes that were not negotiated are ignored.
  return { ...nothing, again: type === 5 && body.startsWith('00010001') };
}

describeWith(['test-data'], 'public messages other than UPDATEs in a live session', () => {
  const differing = new Set<string>();
  // Read where they are asked for: this body runs where there are none, too.
  const readOthers = (): Vector[] =>
    VECTOR_FILES.flatMap(readVectors).filter((vector) => typeOf(vector) !== 2);

  it('an OPEN is accepted, or answered with the NOTIFICATION that it deserves', () => {
    const problems: string[] = [];
    const opens = readOthers().filter((vector) => typeOf(vector) === 1);
    for (const vector of opens) {
      try {
        const outcome = runOpen(vector) === undefined ? 'ok' : 'reset';
        const may = expectedOf(vector)?.outcomes;
        if (may === undefined) continue;
        // Whether a capability was ignored does not show here: see src/wire/vectors.test.ts.
        if (may.some((one) => (one === 'reset') === (outcome === 'reset'))) continue;
        differing.add(vector.name);
        mustBe('outcome', [outcome], [named(vector)?.outcome ?? may.join(' or ')]);
      } catch (error) {
        problems.push(`${vector.name}: ${(error as Error).message}`);
      }
    }
    expect(problems).toEqual([]);
    expect(opens.length).toBeGreaterThan(70);
  });

  it('any other does in Established what its type says, and the observer notices only an end', () => {
    const problems: string[] = [];
    const rest = readOthers().filter((vector) => typeOf(vector) !== 1);
    for (const vector of rest) {
      const told = runOther(vector);
      const text = JSON.stringify(told);
      const should = JSON.stringify(wanted(vector));
      if (text !== should) problems.push(`${vector.name}: ${text} and not ${should}`);
    }
    expect(problems).toEqual([]);
    expect(rest.length).toBeGreaterThan(30);
  });

  it('every difference of an OPEN that is named is still one', () => {
    const names = new Set(
      readOthers()
        .filter((one) => typeOf(one) === 1)
        .map(({ name }) => name),
    );
    const stale = [...SESSION_DIFFERENCES.keys()].filter(
      (name) => names.has(name) && !differing.has(name),
    );
    expect(stale).toEqual([]);
  });
});

function named({ name }: Vector): Judgement | undefined {
  return SESSION_DIFFERENCES.get(name) ?? DIFFERENCES.get(name);
}
