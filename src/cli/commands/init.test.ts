import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runInit } from './init.ts';

let root: string;
let lines: string[];
const streams = {
  out: (line: string) => lines.push(line),
  err: (line: string) => lines.push(`! ${line}`),
};

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'godwit-init-'));
  lines = [];
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('godwit init', () => {
  const options = (): { dir: string; node: string; interfaceName: string } => ({
    dir: join(root, 'resources'),
    node: 'n',
    interfaceName: 'lo', // every machine has it, also one without a default route
  });

  it('writes two files, and never over one that is there without --force', async () => {
    expect(await runInit(options(), streams)).toBe(0);
    const { dir } = options();
    expect(readdirSync(dir)).toEqual(['cluster.yaml', 'n.yaml']);
    expect(readFileSync(join(dir, 'n.yaml'), 'utf8')).toContain('ipv4Address: 127.0.0.1/8');
    writeFileSync(join(dir, 'n.yaml'), 'mine');
    rmSync(join(dir, 'cluster.yaml'));
    expect(await runInit(options(), streams)).toBe(73);
    expect(lines.at(-1)).toContain('exists and is left as it is');
    expect(readdirSync(dir)).toEqual(['n.yaml']);
    expect(await runInit({ ...options(), force: true }, streams)).toBe(0);
    expect(readFileSync(join(dir, 'n.yaml'), 'utf8')).toContain('kind: Node');
  });

  it('says what is missing when the interface has no address', async () => {
    expect(await runInit({ ...options(), interfaceName: 'none0' }, streams)).toBe(78);
    expect(lines).toEqual(['! Interface none0 has no IPv4 address']);
  });
});
