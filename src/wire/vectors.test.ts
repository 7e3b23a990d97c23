/**
 * Every public test message through the codec: none may crash it, and where the source says explicitly what should
 * come of a message, or at least four of five other daemons agree, so must we; or the difference is named here.
 */
import { expect, it } from 'vitest';
import { describeWith } from '../../test/support/requirements.ts';
import { DIFFERENCES } from '../../test/support/vectors/judgements.ts';
import {
  expectedOf,
  hasAddPath,
  isAs4,
  type Outcome,
  readVectors,
  VECTOR_FILES,
  type Vector,
} from '../../test/support/vectors/public-vectors.ts';
import { formatMessage } from './format.ts';
import { Framer } from './framer.ts';
import { EXTENDED_MESSAGE_LENGTH_MAX, MESSAGE_LENGTH_MAX } from './header.ts';
import { MessageType } from './iana.ts';
import { decodeOpen } from './open.ts';
import { ProtocolError } from './protocol-error.ts';
import { decodeRouteRefresh } from './route-refresh.ts';
import { EBGP, hex, judge } from './testing/fixtures.ts';
import type { UpdateContext } from './update.ts';

function contextOf(vector: Vector): UpdateContext {
  const addPath = hasAddPath(vector);
  return {
    as4: isAs4(vector),
    peerType: vector.options.peerType ?? EBGP.peerType,
    addPathReceive: { 'ipv4-unicast': addPath, 'ipv6-unicast': addPath },
    extendedNextHop: vector.name.includes('extended-nexthop'),
  };
}

function outcomeOf(vector: Vector): Outcome {
  const framer = new Framer();
  if (vector.hex.length / 2 > MESSAGE_LENGTH_MAX) framer.lengthMax = EXTENDED_MESSAGE_LENGTH_MAX;
  const context = contextOf(vector);
  let outcome: Outcome = 'incomplete';
  try {
    framer.feed(hex(vector.hex), (type, message) => {
      // Showing a message must never fail where handling it does not.
      formatMessage(message, context);
      outcome = outcomeOfMessage(type, message, context);
      return true;
    });
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    outcome = 'reset';
  }
  return outcome;
}

function outcomeOfMessage(type: MessageType, message: Uint8Array, context: UpdateContext): Outcome {
  if (type === MessageType.Open) {
    const { capabilities } = decodeOpen(message);
    const isIgnored = capabilities.some(
      (one) => one.kind === 'unknown' && one.reason !== undefined,
    );
    return isIgnored ? 'ignored-capability' : 'ok';
  }
  if (type === MessageType.RouteRefresh) decodeRouteRefresh(message);
  if (type !== MessageType.Update) return 'ok';
  const { action, faults } = judge(message, context);
  if (action === 'accept') return faults.length > 0 ? 'discard' : 'ok';
  return action === 'session-reset' ? 'reset' : action;
}

describeWith(['test-data'], 'public test messages', () => {
  const differing = new Set<string>();
  for (const file of VECTOR_FILES) {
    it(`${file}: nothing but a ProtocolError leaves the codec, and each outcome is expected or named`, () => {
      const vectors = readVectors(file);
      expect(vectors.length).toBeGreaterThan(50);
      const problems: string[] = [];
      for (const vector of vectors) {
        const outcome = outcomeOf(vector);
        const expected = expectedOf(vector);
        if (expected === undefined || expected.outcomes.includes(outcome)) continue;
        differing.add(vector.name);
        if (DIFFERENCES.get(vector.name)?.outcome !== outcome) {
          problems.push(`${vector.name}: ${outcome}, but ${expected.because}`);
        }
      }
      expect(problems).toEqual([]);
    });
  }

  it('no difference is named that is none', () => {
    expect([...DIFFERENCES.keys()].filter((name) => !differing.has(name))).toEqual([]);
  });
});
