/** Evidence is a recording: it brings out the bug again, and no longer once that is mended. */

import { afterEach, describe, expect, it, vi } from 'vitest';
import { assert } from '../base/assert.ts';
import { ip } from '../net/ip-address.ts';
import { prefix } from '../net/prefix.ts';
import { Rib } from '../rib/rib.ts';
import { announcement } from '../sim/messages.ts';
import type { Evidence } from '../speaker/effects.ts';
import { BareSpeaker, planWith } from '../speaker/testing/bare.ts';
import { EMPTY_ATTRIBUTES } from '../wire/attributes/codec.ts';
import { KEEPALIVE } from '../wire/keepalive.ts';
import { evidenceLines } from './evidence.ts';
import { parseLine } from './lines.ts';
import { Replay, type Replayed } from './replay.ts';

const PEER = ip('10.0.0.11');
const OTHER = ip('10.0.0.12');
const FACTS = { software: 'godwit/0', node: 'a', run: 'r', begun: '2026-01-02T03:04:05Z' };

function update(...prefixes: string[]): Uint8Array {
  const attributes = { ...EMPTY_ATTRIBUTES, nextHop: PEER, localPref: 100 };
  const about = { family: 'ipv4-unicast', as4: true, attributes } as const;
  return announcement(prefixes.map(prefix), about);
}

/** The fault: a prefix of 10.66.0.0/16 after one of 10.65.0.0/16. */
function breakRib(): void {
  const { announce } = Rib.prototype;
  let seen = false;
  vi.spyOn(Rib.prototype, 'announce').mockImplementation(function (
    this: Rib,
    peer,
    nlri,
    attributes,
  ) {
    const second = nlri.octets[nlri.start + 2];
    if (second === 65) seen = true;
    assert(!(second === 66 && seen), 'sixty-six never follows');
    return announce.call(this, peer, nlri, attributes);
  });
}

function offend(before: readonly Uint8Array[]): Evidence {
  const bare = new BareSpeaker({ now: 5000 });
  const password = { value: 'swordfish' };
  bare.apply(planWith([PEER, OTHER], (peer) => ({ ...peer, password })));
  const connection = bare.establish(PEER);
  bare.establish(OTHER);
  breakRib();
  for (const octets of before) bare.receive(connection, octets);
  bare.receive(connection, update('10.65.0.0/24'));
  bare.receive(connection, update('10.66.0.0/24'));
  const [evidence] = bare.of('keepEvidence');
  vi.restoreAllMocks();
  return evidence!;
}

function replay(lines: readonly string[]): Replayed[] {
  const one = new Replay();
  return lines.map((line) => one.feed(line));
}

const quarantined = (steps: readonly Replayed[]): boolean =>
  steps.some(
    (step) => step.kind === 'step' && step.effects.some(({ type }) => type === 'keepEvidence'),
  );

afterEach(() => vi.restoreAllMocks());

describe('evidence as a recording', () => {
  it.each([
    ['from the OPEN on', []],
    ['of a session whose beginning was forgotten', Array.from({ length: 300 }, () => KEEPALIVE)],
    // 1000 octets at a time: what is kept begins amid a message.
    [
      'that begins amid a message',
      cut(Array.from({ length: 3000 }, (_, i) => update(`10.1.${i >> 4}.${(i & 15) * 16}/28`))),
    ],
  ])('brings out the bug again, %s', (_what, before) => {
    const lines = evidenceLines(offend(before), FACTS);
    expect(quarantined(replay(lines))).toBe(false);
    breakRib();
    const steps = replay(lines);
    expect(quarantined(steps)).toBe(true);
    expect(steps.at(-1)).toMatchObject({ kind: 'step', compared: false });
  });

  it('names the peer and the error, and holds neither passwords nor other peers', () => {
    const lines = evidenceLines(offend([]), FACTS);
    expect(parseLine(lines[0]!)).toMatchObject({
      begins: 'evidence',
      evidence: {
        reason: 'AssertionError: Assertion failed: sixty-six never follows',
        stack: expect.stringContaining('sixty-six'),
      },
    });
    const text = lines.join('\n');
    expect(text).toContain(PEER);
    expect(text).not.toContain(OTHER);
    expect(text).not.toContain('swordfish');
  });
});

function cut(messages: readonly Uint8Array[]): Uint8Array[] {
  const all = Buffer.concat(messages);
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < all.length; at += 1000) chunks.push(all.subarray(at, at + 1000));
  return chunks;
}
