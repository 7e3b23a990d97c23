/**
 * The reviewed lists of what RFCs demand (`4271.txt` and others beside this file), joined with the citations of the
 * sources. Invariant: a demand is met where a source cites its section, or has a reason why not; `unmet` has the rest.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Citation } from '../citations.ts';

export interface Must {
  readonly rfc: number;
  readonly section: string;
  /** In our words. */
  readonly rule: string;
  /** Why it is not met. */
  readonly whyNot?: string;
}

const LINE = /^([\dA-Z][\d.]*(?:\(\w\))?): (.+?)(?: -- not: (.+))?$/;

/** @throws {Error} A line that is neither empty, a comment, nor a rule. */
export function parseMusts(rfc: number, text: string): Must[] {
  return text.split('\n').flatMap((line, at) => {
    if (line === '' || line.startsWith('#')) return [];
    const [, section, rule, whyNot] = LINE.exec(line) ?? [];
    if (section === undefined || rule === undefined) {
      throw new Error(`${rfc}.txt line ${at + 1} is no "section: rule": ${line}`);
    }
    return [{ rfc, section, rule, ...(whyNot === undefined ? {} : { whyNot }) }];
  });
}

export function readMusts(folder: string = import.meta.dirname): Must[] {
  const files = readdirSync(folder).filter((name) => /^\d+\.txt$/.test(name));
  return files.flatMap((name) =>
    parseMusts(Number.parseInt(name, 10), readFileSync(join(folder, name), 'utf8')),
  );
}

/** The sources that cite the section of a demand, or a part of it (`9.1.2.2(a)`). */
export function metBy(must: Must, citations: readonly Citation[]): string[] {
  const here = citations.filter(
    ({ rfc, section }) =>
      rfc === must.rfc && [section, section.replace(/\(.*$/, '')].includes(must.section),
  );
  return [...new Set(here.map(({ file }) => file))].sort();
}

/** Demands that nobody cites and that have no reason. */
export function unmet(musts: readonly Must[], citations: readonly Citation[]): Must[] {
  return musts.filter((must) => must.whyNot === undefined && metBy(must, citations).length === 0);
}
