import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Log } from '../io/log.ts';
import { errorFields, LOG_ROWS, logLine } from './log-lines.ts';

describe('lines of the log', () => {
  it('have the level of their row, their name and their fields', () => {
    const written: unknown[] = [];
    const log = { error: (...line: unknown[]) => written.push(line) } as unknown as Log;
    const error = { kind: 'SystemError', call: 'bind', errno: 'EACCES' } as const;
    logLine(log, 'system-error', { fields: errorFields(error), text: 'No' });
    expect(written).toEqual([[{ event: 'system-error', call: 'bind', errno: 'EACCES' }, 'No']]);
  });

  it('are written by logLine and by Events alone, so that the reference names all of them', () => {
    const folder = new URL('.', import.meta.url).pathname;
    const sources = readdirSync(folder).filter((name) => /^[a-z-]+\.ts$/.test(name));
    const direct = sources.filter((name) =>
      /\b#?log\.(trace|debug|info|warn|error|fatal)\(/.test(
        readFileSync(join(folder, name), 'utf8'),
      ),
    );
    expect(direct).toEqual([]);
  });

  it('each say what they mean', () => {
    for (const { means } of Object.values(LOG_ROWS)) expect(means).toMatch(/^[A-Z].{10,}[^.]$/);
  });
});
