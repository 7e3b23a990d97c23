/**
 * Every public crash of other daemons that concerns what we parse (feature matrix, F2): its trigger costs what the
 * RFC says and no more, and can be shown.
 */
import { describe, expect, it } from 'vitest';
import { decodeAttributes } from './attributes/codec.ts';
import { formatMessage } from './format.ts';
import { Framer } from './framer.ts';
import { EXTENDED_MESSAGE_LENGTH_MAX } from './header.ts';
import { MessageType } from './iana.ts';
import { encodeNotification } from './notification.ts';
import { decodeOpen } from './open.ts';
import { ProtocolError } from './protocol-error.ts';
import { decodeRouteRefresh } from './route-refresh.ts';
import { F2_TRIGGERS, type F2Outcome, type F2Trigger } from './testing/f2-triggers.ts';
import { EBGP, hex, judge, MANDATORY, NLRI, OLD, update } from './testing/fixtures.ts';
import { locateUpdate, updateLayout } from './update.ts';

function outcomeOf({ octets, context }: F2Trigger): F2Outcome | 'incomplete' {
  const framer = new Framer();
  framer.lengthMax = EXTENDED_MESSAGE_LENGTH_MAX;
  let outcome: F2Outcome | 'incomplete' = 'incomplete';
  try {
    framer.feed(octets, (type, message) => {
      outcome = outcomeOfMessage(type, message, context);
      return true;
    });
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    // What is told to the peer fits a message, whatever it sent.
    expect(encodeNotification(error.notification).length).toBeLessThanOrEqual(4096);
    return 'session-reset';
  }
  return outcome;
}

function outcomeOfMessage(
  type: MessageType,
  message: Uint8Array,
  context: F2Trigger['context'],
): F2Outcome {
  if (type === MessageType.Open) {
    const { capabilities } = decodeOpen(message);
    const isWhole = capabilities.every((one) => one.kind !== 'unknown' || !('reason' in one));
    return isWhole ? 'accept' : 'ignored-capability';
  }
  if (type === MessageType.RouteRefresh) {
    decodeRouteRefresh(message);
    return 'accept';
  }
  const layout = updateLayout();
  locateUpdate(message, context, layout);
  const { action, faults } = judge(message, context);
  if (action !== 'accept') return action;
  if (faults.length > 0) return 'discard';
  return layout.nlri.count + layout.mpReach.nlri.count > 0 ? 'accept' : 'nothing';
}

describe('the triggers of the feature matrix, F2', () => {
  for (const trigger of F2_TRIGGERS) {
    const { row, id, what, outcome } = trigger;
    it(`row ${row}, ${id}: ${what} (${outcome})`, () => {
      expect(outcomeOf(trigger)).toBe(outcome);
      const line = formatMessage(trigger.octets, trigger.context);
      expect(line).toMatch(/^[A-Z\d-]+ \d+ octets/);
      expect(line).not.toMatch(/\p{Cc}/u);
    });
  }

  it('cover every row that concerns what godwit parses', () => {
    const rows = new Set(F2_TRIGGERS.map(({ row }) => row));
    // 13, 27, 34 and 35 concern what godwit has not, or what is no parser.
    const expected = Array.from({ length: 33 }, (_, i) => i + 1).filter(
      (row) => row !== 13 && row !== 27,
    );
    expect([...rows].sort((a, b) => a - b)).toEqual(expected);
  });
});

describe('what follows a malformed attribute', () => {
  it('row 4: is read where it stands, when the malformed one stood in front (CVE-2026-41643)', () => {
    const trigger = F2_TRIGGERS.find(({ row }) => row === 4)!;
    const { asPath } = decodeAttributes(judge(trigger.octets, OLD).canonical);
    expect(asPath).toEqual([{ type: 2, asns: [0xfde9, 23456] }]);
  });

  it('row 32: keeps its value (CVE-2023-38283)', () => {
    const trigger = F2_TRIGGERS.find(({ row }) => row === 32)!;
    const { med, aggregator } = decodeAttributes(judge(trigger.octets, EBGP).canonical);
    expect(med).toBe(42);
    expect(aggregator).toBeUndefined();
  });

  it('row 33: an unknown optional transitive attribute goes on unread and unchanged (CVE-2023-4481)', () => {
    const value = '0000fde9 00 ffff ff 0a00ff00';
    const octets = update({ attributes: `${MANDATORY} e0 80 0c ${value}`, nlri: NLRI });
    const { unknown } = decodeAttributes(judge(octets, EBGP).canonical);
    expect(unknown).toEqual([{ type: 128, flags: 0xe0, value: hex(value) }]);
  });

  it('row 10: a capability of length 0 takes nothing from the next one (GHSA-gjrg-jjr3-56cm)', () => {
    const trigger = F2_TRIGGERS.find(({ row }) => row === 10)!;
    const { capabilities } = decodeOpen(trigger.octets);
    expect(capabilities).toEqual([
      expect.objectContaining({ kind: 'unknown', code: 65 }),
      { kind: 'multiprotocol', afi: 1, safi: 1 },
    ]);
  });
});
