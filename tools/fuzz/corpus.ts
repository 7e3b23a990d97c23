/**
 * Messages that the fuzzer starts from: the public vectors where they are at hand, our own wire fixtures, a few valid
 * ones, and whatever a run finds that was taken in a new way.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Chance } from './chance.ts';
import { DRAFT_LENGTH_MAX } from './draft.ts';
import { SEEDS, type Seed } from './seeds.ts';

const REPOSITORY = resolve(import.meta.dirname, '../..');
const FOLDERS: readonly string[] = [
  join(resolve(process.env['GODWIT_TEST_DATA'] ?? join(REPOSITORY, '../shared')), 'vectors'),
  join(REPOSITORY, 'test/fixtures/wire'),
];
/** A marker and what follows it, wherever it stands in a file. */
const MESSAGE = /f{32}[0-9a-f]{6,}/gi;
/** What a run adds at most: beyond it, an old find makes room. */
const FOUND_MAX = 4096;
/** Ways that are told apart; beyond, all are new and take each other's place. */
const SIGNATURES_MAX = 262_144;
/** Longer finds would be mutated again and again, and make the run slow for nothing new. */
const FOUND_OCTETS_MAX = 1500;

export class Corpus {
  readonly #seeds: readonly Seed[];
  readonly #found: Seed[] = [];
  #oldest = 0;
  readonly #signatures = new Set<number>();

  constructor(seeds: readonly Seed[]) {
    this.#seeds = seeds;
  }

  get size(): number {
    return this.#seeds.length + this.#found.length;
  }

  get signatures(): number {
    return this.#signatures.size;
  }

  pick(chance: Chance): Seed {
    const found = this.#found;
    return found.length > 0 && chance.once(2) ? chance.from(found) : chance.from(this.#seeds);
  }

  isNew(signature: number): boolean {
    return !this.#signatures.has(signature);
  }

  /** Keeps a copy of a message that was taken in a way not seen before. */
  add(signature: number, seed: Seed): void {
    if (this.#signatures.size < SIGNATURES_MAX) this.#signatures.add(signature);
    if (seed.octets.length > FOUND_OCTETS_MAX) return;
    const kept = { ...seed, octets: seed.octets.slice() };
    if (this.#found.length < FOUND_MAX) this.#found.push(kept);
    else this.#found[this.#oldest++ % FOUND_MAX] = kept;
  }
}

/** @returns the messages, and how many of them came from files. */
export function readSeeds(): { seeds: readonly Seed[]; fromFiles: number } {
  const texts = FOLDERS.filter((folder) => existsSync(folder)).flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
      .sort()
      .map((path) => readFileSync(path, 'latin1')),
  );
  const messages = new Set(texts.flatMap((text) => text.match(MESSAGE) ?? []));
  const read = [...messages].map((text): Seed => ({ octets: Buffer.from(text, 'hex') }));
  const fitting = read.filter(({ octets }) => octets.length <= DRAFT_LENGTH_MAX);
  return { seeds: [...SEEDS, ...fitting], fromFiles: fitting.length };
}
