import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FoundSocket, findSocket } from './find-socket.ts';

let run: string;

beforeEach(() => {
  run = mkdtempSync(join(tmpdir(), 'godwit-run-'));
});

afterEach(() => rmSync(run, { recursive: true, force: true }));

function put(...names: readonly string[]): void {
  for (const name of names) {
    mkdirSync(dirname(join(run, name)), { recursive: true });
    writeFileSync(join(run, name), '');
  }
}

function find(question: { node?: string; socket?: string; env?: NodeJS.ProcessEnv }): FoundSocket {
  return findSocket({ env: {}, directories: [run], ...question });
}

describe('findSocket', () => {
  it('takes the socket that is named, then the one of the environment', () => {
    put('godwit.sock', 'fabric/node-a/godwit.sock');
    const env = { GODWIT_SOCKET: '/elsewhere' };
    expect(find({ socket: '/named', env, node: 'node-a' })).toEqual({ path: '/named' });
    expect(find({ env })).toEqual({ path: '/elsewhere' });
    expect(find({ env: { GODWIT_SOCKET: '' } })).toEqual({ path: join(run, 'godwit.sock') });
  });

  it('takes the usual one, or the only one that there is', () => {
    expect(find({})).toEqual({ path: join(run, 'godwit.sock') });
    put('fabric/node-a/godwit.sock');
    expect(find({})).toEqual({ path: join(run, 'fabric/node-a/godwit.sock') });
  });

  it('asks which when several run', () => {
    put('fabric/node-b/godwit.sock', 'fabric/node-a/godwit.sock');
    const found = find({});
    expect(found).toEqual({ error: expect.stringContaining('say which with -n NODE') });
    expect((found as { error: string }).error).toMatch(/node-a.*node-b/);
  });

  it('finds a node by name, over any environment, and says which there are', () => {
    put('fabric/node-a/godwit.sock', 'node-b/godwit.sock', 'other/node-b/godwit.sock');
    const path = join(run, 'fabric/node-a/godwit.sock');
    expect(find({ node: 'node-a', env: { GODWIT_SOCKET: '/x' } })).toEqual({ path });
    expect(find({ node: 'node-b' })).toEqual({
      error: expect.stringContaining('Several daemons are called node-b'),
    });
    expect(find({ node: 'node-c' })).toEqual({
      error: expect.stringMatching(/No daemon of a node node-c .*node-a/),
    });
  });

  it('says so when there is none at all', () => {
    expect(find({ node: 'a' })).toEqual({
      error: `No daemon of a node a runs here. Below ${run} there is no socket`,
    });
  });
});
