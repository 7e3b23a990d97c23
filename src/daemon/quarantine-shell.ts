/**
 * What outlives a bug that a peer's input brought out: the evidence for the report, and the quarantines for the next
 * start. A disk that refuses costs neither sessions nor routes; it is said.
 */

import { randomBytes } from 'node:crypto';
import type { SystemError } from '../base/errors.ts';
import { EvidenceFiles } from '../io/evidence.ts';
import type { Log } from '../io/log.ts';
import { QuarantineFile } from '../io/quarantine-file.ts';
import { evidenceLines } from '../recorder/evidence.ts';
import type { Effect, Evidence } from '../speaker/effects.ts';
import type { StoredQuarantine } from '../speaker/quarantine-records.ts';
import { logLine } from './log-lines.ts';

export interface QuarantineParts {
  readonly stateDir: string;
  readonly node: string;
  readonly software: string;
  readonly log: Log;
  readonly onTrouble: (what: string, error: SystemError) => void;
}

type QuarantineEffect = Extract<Effect, { type: 'keepEvidence' | 'saveQuarantines' }>;

export class QuarantineShell {
  readonly #parts: QuarantineParts;
  readonly #evidence: EvidenceFiles;
  readonly #file: QuarantineFile;

  constructor(parts: QuarantineParts) {
    this.#parts = parts;
    this.#evidence = new EvidenceFiles(parts.stateDir);
    this.#file = new QuarantineFile(parts.stateDir);
  }

  /** Of earlier runs. */
  read(): readonly StoredQuarantine[] {
    const { quarantines, broken } = this.#file.read(new Date());
    if (broken === undefined) return quarantines;
    const { path } = this.#file;
    const text = `${path} cannot be used: ${broken}; neighbors that were in quarantine may come up at once`;
    logLine(this.#parts.log, 'state-not-read', { fields: { path, reason: broken }, text });
    return quarantines;
  }

  perform(effect: QuarantineEffect): void {
    if (effect.type === 'keepEvidence') return this.#keep(effect);
    const error = this.#file.write(effect.quarantines, new Date());
    if (error !== undefined) this.#parts.onTrouble('the quarantines', error);
  }

  #keep(evidence: Evidence): void {
    const { node, software, log, onTrouble } = this.#parts;
    const { peer } = evidence;
    const now = new Date();
    const run = randomBytes(4).toString('hex');
    const lines = evidenceLines(evidence, { software, node, run, begun: now.toISOString() });
    const kept = this.#evidence.keep(peer, lines, now);
    if (typeof kept !== 'string') return onTrouble('what the peer sent', kept);
    const text = `What ${peer} sent is kept in ${kept}; please report it`;
    logLine(log, 'evidence-kept', { fields: { peer, path: kept }, text });
  }
}
