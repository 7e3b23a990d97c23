import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { F2_TRIGGERS } from '../../src/wire/testing/f2-triggers.ts';
import { type Action, decodeCase, encodeCase, kept } from './action.ts';
import { Corpus, readSeeds } from './corpus.ts';
import { Maker } from './maker.ts';
import { minimise } from './minimise.ts';
import { play, Run } from './run.ts';
import { SEEDS } from './seeds.ts';
import { StepClock } from './step-clock.ts';
import { TablesTarget } from './tables-target.ts';

const OPTIONS = { seed: 7, peers: 4, pathIdsOf: 3, batch: 32 } as const;

function actionsOf(count: number, seed: number = OPTIONS.seed): Action[] {
  const maker = new Maker(new Corpus(SEEDS), { ...OPTIONS, seed });
  return Array.from({ length: count }, () => kept(maker.next()));
}

function message(...octets: number[]): Action {
  return { op: 'message', peer: 0, octets: Uint8Array.from(octets), cut: 0 };
}

describe('a short run of the fuzzer', () => {
  const before = Error.stackTraceLimit;
  beforeAll(() => {
    Error.stackTraceLimit = 0; // as in a long run: traces would take most of the time
  });
  afterAll(() => {
    Error.stackTraceLimit = before;
  });

  it('finds nothing in the tables, and takes messages in many ways', async () => {
    const run = new Run('tables', readSeeds().seeds, { seed: 1 });
    for (let round = 0; round < 2; round++) expect(await run.round()).toBeUndefined();
    expect(run.messages).toBeGreaterThan(6_000);
    expect(run.corpus.signatures).toBeGreaterThan(150);
  });

  it('finds nothing in a whole speaker, whose other sessions stay', async () => {
    const run = new Run('speaker', readSeeds().seeds, { seed: 1 });
    expect(await run.round()).toBeUndefined();
    expect(run.messages).toBeGreaterThan(500);
    expect(run.corpus.signatures).toBeGreaterThan(50);
  });
});

describe('what brought others down (feature matrix, F2)', () => {
  for (const target of ['tables', 'speaker'] as const) {
    it(`goes from every peer through the ${target} and harms nobody else`, async () => {
      const actions = F2_TRIGGERS.flatMap(({ octets }): Action[] => [
        ...[0, 1, 2, 3].map((peer): Action => ({ op: 'message', peer, octets, cut: 0 })),
        { op: 'settle' },
      ]);
      expect(await play({ target, problem: '', actions })).toBeUndefined();
    });
  }
});

describe('the actions of a round', () => {
  it('are the same again for the same seed, and others for another one', () => {
    expect(actionsOf(300)).toEqual(actionsOf(300));
    expect(actionsOf(300)).not.toEqual(actionsOf(300, 8));
  });

  it('are mostly damaged messages, with whole ones among them', () => {
    const messages = actionsOf(2000).filter((action) => action.op === 'message');
    const seeds = new Set(SEEDS.map(({ octets }) => Buffer.from(octets).toString('hex')));
    const whole = messages.filter(({ octets }) => seeds.has(Buffer.from(octets).toString('hex')));
    expect(whole.length).toBeGreaterThan(messages.length * 0.05);
    expect(whole.length).toBeLessThan(messages.length * 0.5);
  });
});

describe('a case file', () => {
  it('reads back as it was written', () => {
    const actions = actionsOf(200);
    const one = { target: 'tables', problem: 'A "problem"\nof two lines', actions } as const;
    expect(decodeCase(encodeCase(one))).toEqual(one);
  });

  it('that is none is refused', () => {
    expect(() => decodeCase('{"format":"something"}')).toThrow(TypeError);
  });

  it('in which nothing goes wrong says so, in both targets', async () => {
    for (const target of ['tables', 'speaker'] as const) {
      const octets = SEEDS[1]!.octets;
      const actions: Action[] = [{ op: 'message', peer: 0, octets, cut: 5 }, { op: 'settle' }];
      expect(await play({ target, problem: '', actions })).toBeUndefined();
    }
  });

  it('that names a peer that does not exist says what goes wrong', async () => {
    const actions: Action[] = [{ op: 'message', peer: 99, octets: SEEDS[1]!.octets, cut: 0 }];
    expect(await play({ target: 'tables', problem: '', actions })).toContain('TypeError');
  });
});

describe('minimising', () => {
  it('leaves only what is needed for the failure, as short as it may be', async () => {
    const filler = Array.from({ length: 40 }, (_, i) => message(...new Array(30).fill(i)));
    const culprit = message(...new Array(40).fill(0xaa));
    const actions = [...filler, culprit, { op: 'settle' } as const, ...filler];
    const short = await minimise(actions, async (some) => {
      const at = some.findIndex((one) => one.op === 'message' && one.octets[0] === 0xaa);
      return at >= 0 && some.slice(at).some(({ op }) => op === 'settle');
    });
    expect(short).toHaveLength(2);
    expect(short[0]).toMatchObject({ op: 'message', peer: 0, cut: 0 });
    expect(short[0]!.op === 'message' && short[0]!.octets.length).toBe(23);
  });
});

describe('a step clock', () => {
  it('counts steps and keeps the longest and those over the limit', () => {
    const clock = new StepClock();
    clock.begin();
    clock.end('short');
    clock.action = 5;
    clock.begin();
    // Both by CPU and by the wall: on a busy machine 12 ms of the wall may hold none of ours, and on an idle one other
    // threads of the process spend, too.
    const began = performance.now();
    const from = process.cpuUsage();
    let spent = from;
    do spent = process.cpuUsage(from);
    while (spent.user + spent.system < 15_000 || performance.now() - began < 15);
    clock.end('long');
    expect(clock.steps).toBe(2);
    expect(clock.slow).toMatchObject([{ action: 5, what: 'long' }]);
    expect(clock.longest.ms).toBeGreaterThan(10);
    expect(clock.quantile(1)).toBeGreaterThan(10);
  });
});

describe('the tables as a target', () => {
  it('are empty after a round, and the round after it is as the first', () => {
    const target = new TablesTarget(new StepClock());
    const ways = [0, 1].map(() => {
      const signatures = actionsOf(400).map((action) => {
        target.apply(action);
        return target.signature;
      });
      target.finish();
      return signatures;
    });
    expect(ways[1]).toEqual(ways[0]);
  });
});
