/** What was recorded repeats: the same digests, the same tables; what was changed is found at its line. */

import { afterEach, describe, expect, it, vi } from 'vitest';
import { AssertionError } from '../base/assert.ts';
import { ip } from '../net/ip-address.ts';
import { prefix } from '../net/prefix.ts';
import { Rib } from '../rib/rib.ts';
import { announcement } from '../sim/messages.ts';
import type { SpeakerView } from '../speaker/snapshot.ts';
import { BareSpeaker, planWith } from '../speaker/testing/bare.ts';
import { EMPTY_ATTRIBUTES } from '../wire/attributes/codec.ts';
import { RECORDING_VERSION, type RecordingHeader } from './lines.ts';
import { type LineSink, RecordedSpeaker } from './recorded-speaker.ts';
import { Replay, type Replayed } from './replay.ts';
import { encodeValue } from './values.ts';

const FIRST = ip('10.0.0.11');
const SECOND = ip('10.0.0.12');

/** Where the lines of a test go; without room when told so. */
class Lines implements LineSink {
  readonly all: string[] = [];
  hasRoom = true;
  gaps = 0;

  onGap(): void {
    this.gaps++;
  }

  write(line: string): void {
    this.all.push(line);
  }
}

interface Recorded {
  readonly bare: BareSpeaker;
  readonly lines: Lines;
  readonly recorder: RecordedSpeaker;
}

function recorded(header: Partial<RecordingHeader> = {}): Recorded {
  const lines = new Lines();
  let recorder: RecordedSpeaker | undefined;
  const bare = new BareSpeaker({ seed: 77, now: 1000.25 }, (speaker, options) => {
    const about = { software: 'godwit/0', node: 'a', run: 'r', part: 0, begun: '2026', ...header };
    const begins = header.begins ?? 'start';
    const first = { godwit: 'recording', version: RECORDING_VERSION, ...about, begins, options };
    lines.write(encodeValue(first));
    recorder = new RecordedSpeaker(speaker, lines);
    return recorder;
  });
  return { bare, lines, recorder: recorder! };
}

function update(from: typeof FIRST, ...prefixes: string[]): Uint8Array {
  const attributes = { ...EMPTY_ATTRIBUTES, nextHop: from, localPref: 100 };
  const about = { family: 'ipv4-unicast', as4: true, attributes } as const;
  return announcement(prefixes.map(prefix), about);
}

/** Two sessions, routes from both, polls, timers, a command, an end. */
function play({ bare }: Recorded): void {
  const password = { value: 'swordfish' };
  bare.apply(planWith([FIRST, SECOND], (peer) => ({ ...peer, password, rrClient: true })));
  const first = bare.establish(FIRST);
  const second = bare.establish(SECOND);
  bare.receive(first, update(FIRST, '10.1.0.0/26', '10.1.1.0/26'));
  bare.receive(second, update(SECOND, '10.1.0.0/26'));
  for (const connection of [first, second]) {
    while (bare.stepper.pollTransmit(connection, 65_536) !== undefined);
  }
  bare.wake(32_000.5);
  bare.step({
    type: 'command',
    id: 1,
    command: { command: 'resetNeighbor', name: 'x', soft: true },
  });
  bare.step({ type: 'tcpClosed', connection: second });
  bare.wake(33_000);
}

function replay(lines: readonly string[]): { steps: Replayed[]; view: SpeakerView | undefined } {
  const one = new Replay();
  return { steps: lines.map((line) => one.feed(line)), view: one.view };
}

/** Numbers of the lines that differ, from 1. */
function different(steps: readonly Replayed[]): number[] {
  return steps.flatMap((step, i) => ('differs' in step ? [i + 1] : []));
}

afterEach(() => vi.restoreAllMocks());

describe('a recording', () => {
  it('replays with the same digests and the same tables', () => {
    const run = recorded();
    play(run);
    const { steps, view } = replay(run.lines.all);
    expect(different(steps)).toEqual([]);
    expect(steps.filter(({ kind }) => kind === 'poll').length).toBeGreaterThan(2);
    const query = { family: 'ipv4-unicast', limit: 10 } as const;
    expect(view!.routes(query)).toEqual(run.bare.speaker.view.routes(query));
    expect(view!.routes(query).routes).toHaveLength(2);
    expect(view!.neighbors()).toEqual(run.bare.speaker.view.neighbors());
  });

  it('has no password in it', () => {
    const run = recorded();
    play(run);
    expect(run.lines.all.join('\n')).not.toContain('swordfish');
    expect(run.lines.all.join('\n')).toContain('password-1');
  });

  it('of neighbors that came by a range replays with the same ones, without its password', () => {
    const run = recorded();
    const { bare } = run;
    const plan = planWith([SECOND]);
    const [peer] = plan.peers;
    const { name: _, remoteAddress: __, ...member } = peer!;
    const range = { profile: 'p', prefix: prefix('10.0.0.8/29'), peersMax: 1, rateMax: 5 };
    const password = { value: 'swordfish' };
    const dynamic = { ...member, kind: 'dynamic', passive: true, password } as const;
    bare.apply({ ...plan, peers: [], listenRanges: [{ ...range, peer: dynamic }] });
    const first = bare.establish(FIRST);
    bare.receive(first, update(FIRST, '10.1.0.0/26'));
    bare.establish(SECOND); // outside the limit
    const { steps, view } = replay(run.lines.all);
    expect(different(steps)).toEqual([]);
    expect(view!.neighbors()).toMatchObject([{ kind: 'dynamic', state: 'Established' }]);
    expect(view!.status()).toEqual(bare.speaker.view.status());
    expect(run.lines.all.join('\n')).not.toContain('swordfish');
    bare.step({ type: 'tcpClosed', connection: first });
    expect(replay(run.lines.all).view!.neighbors()).toEqual([]);
  });

  it('that was tampered with is caught at the line that was changed', () => {
    const run = recorded();
    play(run);
    const { all } = run.lines;
    const change = (at: number, by: (line: string) => string): Replayed[] => {
      const changed = all.map((line, i) => (i === at ? by(line) : line));
      expect(changed[at]).not.toBe(all[at]);
      return replay(changed).steps;
    };
    // One octet of a prefix, 10.1.1.0/26 as `1a 0a 01 01 00`: what the step gives does not show it.
    const received = all.findIndex((line) => line.includes('1a0a010100'));
    const octet = change(received, (line) => line.replace('1a0a010100', '1a0a020100'));
    expect(octet[received]).toEqual({ kind: 'changed' });
    const later = change(received, (line) => line.replace('"at":1000.25', '"at":1000.5'));
    expect(later[received]).toEqual({ kind: 'changed' });
    const gave = change(received, (line) => line.replace(/.("(,"gave".*)?\})$/, 'x$1'));
    expect(different(gave)).toEqual([received + 1]);
    const poll = all.findIndex((line) => line.startsWith('{"poll"'));
    const budget = change(poll, (line) => line.replace('"budget":65536', '"budget":65535'));
    expect(budget[poll]).toEqual({ kind: 'changed' });
  });

  it('that lacks a line differs where it is first felt, not before', () => {
    const run = recorded();
    play(run);
    const { all } = run.lines;
    const at = all.findIndex((line) => line.includes('"tcpAccepted"'));
    const steps = replay(all.filter((_, i) => i !== at)).steps;
    // What was line at + 2, the OPEN of that connection, is now line at + 1.
    expect(different(steps)[0]).toBe(at + 1);
  });

  it('made with another seed differs', () => {
    const run = recorded();
    play(run);
    const [header, ...rest] = run.lines.all;
    const other = header!.replace('"seed":77', '"seed":78');
    expect(other).not.toBe(header);
    expect(different(replay([other, ...rest]).steps).length).toBeGreaterThan(0);
  });

  it('of a core that died ends with the input that it died of, and dies of it again', () => {
    const run = recorded();
    run.bare.apply(planWith([FIRST]));
    const connection = run.bare.establish(FIRST);
    const fail = (): never => {
      throw new AssertionError('Assertion failed: counted right', { shared: true });
    };
    vi.spyOn(Rib.prototype, 'announce').mockImplementation(fail);
    expect(() => run.bare.receive(connection, update(FIRST, '10.1.0.0/26'))).toThrow(
      'counted right',
    );
    expect(run.lines.all.at(-1)).toContain(
      '"threw":"AssertionError: Assertion failed: counted right"',
    );
    const again = replay(run.lines.all);
    expect(again.steps.at(-1)).toMatchObject({
      kind: 'step',
      threw: expect.stringContaining('right'),
    });
    expect(different(again.steps)).toEqual([]);
    vi.restoreAllMocks();
    const mended = replay(run.lines.all);
    expect(different(mended.steps)).toEqual([run.lines.all.length]);
  });
});

describe('a poll that the core died of', () => {
  it('is the last line, and is met again', () => {
    const run = recorded();
    run.bare.apply(planWith([FIRST]));
    const connection = run.bare.establish(FIRST);
    vi.spyOn(Rib.prototype, 'poll').mockImplementation(() => {
      throw new AssertionError('Assertion failed: packed right');
    });
    expect(() => run.bare.stepper.pollTransmit(connection, 4096)).toThrow('packed right');
    const again = replay(run.lines.all).steps;
    expect(again.at(-1)).toMatchObject({ kind: 'poll', threw: expect.stringContaining('packed') });
    expect(different(again)).toEqual([]);
    vi.restoreAllMocks();
    expect(different(replay(run.lines.all).steps)).toEqual([run.lines.all.length]);
  });
});

describe('a recording in parts', () => {
  it('goes on from one to the next', () => {
    const run = recorded();
    play(run);
    const { all } = run.lines;
    const { options: _options, ...header } = JSON.parse(all[0]!) as RecordingHeader;
    const next = encodeValue({ ...header, part: 1 });
    const { steps } = replay([...all.slice(0, 5), next, ...all.slice(5)]);
    expect(steps[5]).toMatchObject({ kind: 'header' });
    expect(different(steps)).toEqual([]);
    expect(steps).toHaveLength(all.length + 1);
  });
});

describe('a recording that cannot be replayed', () => {
  const reason = (lines: readonly string[]): string => {
    const last = replay(lines).steps.at(-1);
    return last?.kind === 'stop' ? last.because : `not stopped: ${last?.kind}`;
  };

  it('says how many steps the disk was too slow for, and stops there', () => {
    const run = recorded();
    run.bare.apply(planWith([FIRST]));
    run.lines.hasRoom = false;
    const connection = run.bare.establish(FIRST);
    run.lines.hasRoom = true;
    run.bare.receive(connection, update(FIRST, '10.1.0.0/26'));
    expect(run.recorder.lost).toBe(3);
    expect(run.lines.gaps).toBe(1);
    expect(run.lines.all[2]).toBe('{"lost":3}');
    expect(reason(run.lines.all.slice(0, 3))).toContain('3 steps could not be written in time');
  });

  it('begins in the midst of a run, has lost its beginning, or is of another format', () => {
    expect(reason(recorded({ begins: 'running' }).lines.all)).toContain('in the midst of a run');
    expect(reason(recorded({ part: 2 }).lines.all)).toContain('rotated away');
    const [header] = recorded().lines.all;
    expect(reason([header!.replace('"version":1', '"version":9')])).toContain('format 9');
    expect(reason([header!, encodeValue({ ...JSON.parse(header!), run: 'q', part: 1 })])).toContain(
      'part 1 of run q does not follow',
    );
  });

  it('is none at all', () => {
    expect(reason(['{"input":{"type":"wake"},"at":1}'])).toContain('begins with its header');
    expect(reason(['{"x":1}'])).toBe('not a line of a recording');
    expect(reason(['{"input":'])).toContain('not JSON');
  });
});
