import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BULK_OCTETS, type Reader, ReadTurns } from './read-turns.ts';

const BULK = 32_768;
const SMALL = 19;

class FakeReader implements Reader {
  readonly name: string;
  readOctets = BULK_OCTETS;
  readonly #said: string[];

  constructor(name: string, said: string[]) {
    this.name = name;
    this.#said = said;
  }

  pause(): void {
    this.#said.push(`pause ${this.name}`);
  }

  resume(): void {
    this.#said.push(`resume ${this.name}`);
  }
}

let now: number;
/** What reads took of a processor; `now` goes on as well where one is waited for. */
let cpu: number;
let said: string[];
let turns: ReadTurns;

/** `reader` is read and what came takes `ms`. */
function read(reader: Reader, octets: number, ms: number): boolean {
  turns.begin(octets);
  now += ms;
  cpu += ms / 1000;
  return turns.goesOn(reader, octets);
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setImmediate', 'clearImmediate'] });
  now = 0;
  cpu = 0;
  said = [];
  turns = new ReadTurns(
    () => cpu,
    () => now,
  );
});

afterEach(() => vi.useRealTimers());

describe('ReadTurns', () => {
  it('stop peers in bulk when the turn is over, and go on with the one that waited longest', () => {
    const [a, b, c] = ['a', 'b', 'c'].map((name) => new FakeReader(name, said));
    expect([read(a!, BULK, 0.3), read(b!, BULK, 0.3), read(c!, BULK, 0.3)]).toEqual([
      true,
      true,
      true,
    ]);
    expect(read(b!, BULK, 3)).toBe(false);
    expect(said.splice(0)).toEqual(['pause a', 'pause c']);
    vi.runAllTimers();
    expect(said).toEqual(['resume a', 'resume c', 'resume b']);
  });

  it('always read a peer that only keeps its session alive', () => {
    const [bulk, quiet] = ['bulk', 'quiet'].map((name) => new FakeReader(name, said));
    expect(read(quiet!, SMALL, 0)).toBe(true);
    expect(read(bulk!, BULK, 50)).toBe(false);
    expect(read(quiet!, SMALL, 0)).toBe(true);
    expect(said).toEqual([]);
  });

  it('begin anew with each turn of the loop', () => {
    const reader = new FakeReader('a', said);
    expect(read(reader, BULK, 0.8)).toBe(true);
    vi.runAllTimers();
    expect(read(reader, BULK, 0.8)).toBe(true);
    expect(read(reader, BULK, 0.8)).toBe(false);
  });

  it('forget who has gone', () => {
    const [a, b] = ['a', 'b'].map((name) => new FakeReader(name, said));
    read(a!, BULK, 1);
    turns.forget(a!);
    read(b!, BULK, 9);
    vi.runAllTimers();
    expect(said).toEqual(['resume b']);
  });

  it('read of a peer at once what takes it a turn, less where it is slow and more where it is fast', () => {
    const reader = new FakeReader('a', said);
    const sizes = (ms: number, reads: number): number[] =>
      Array.from({ length: reads }, () => {
        read(reader, reader.readOctets, ms);
        return reader.readOctets;
      });
    expect(sizes(0.5, 4)).toEqual([4096, 8192, 16_384, 16_384]);
    expect(sizes(1.5, 1)).toEqual([16_384]);
    expect(sizes(2.5, 4)).toEqual([8192, 4096, BULK_OCTETS, BULK_OCTETS]);
    expect(sizes(1, 1)).toEqual([BULK_OCTETS]);
    expect(sizes(0.5, 1)).toEqual([4096]);
    read(reader, BULK_OCTETS, 0);
    expect(reader.readOctets).toBe(4096); // nothing is known of twice as much
    turns.begin(reader.readOctets);
    now += 30; // waits for a processor
    turns.goesOn(reader, reader.readOctets);
    expect(reader.readOctets).toBe(8192);
    read(reader, SMALL, 0);
    expect(reader.readOctets).toBe(BULK_OCTETS);
  });
});
