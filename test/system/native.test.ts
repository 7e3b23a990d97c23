/** The native shim itself: found or a clear sentence, and nothing a caller does with it ends the process badly. */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadNativeSockets, nativeSockets } from '../../src/io/native.ts';
import { describeWith } from '../support/requirements.ts';

/** Runs `source` as a module in a Node of its own: what crashes there must not crash us. */
function node(source: string): { status: number | null; stdout: string; stderr: string } {
  const command = ['--input-type=module', '-e', source];
  const cwd = import.meta.dirname;
  const env = { ...process.env, NODE_NO_WARNINGS: '1' }; // type stripping warns on Node 22
  return spawnSync(process.execPath, command, { encoding: 'utf8', cwd, env });
}

const WORKER = JSON.stringify(join(import.meta.dirname, 'native-worker.ts'));
const NATIVE = JSON.stringify(join(import.meta.dirname, '../../src/io/native.ts'));

describeWith(['native'], 'The native socket shim', () => {
  it('says where it looked and how to get it when it is not there', () => {
    expect(() => loadNativeSockets({ override: '/nowhere/x.node' })).toThrow(
      /^The native socket shim is not there \(looked at \/nowhere\/x\.node\)\. Build it with `npm run build:native`/,
    );
    expect(() => loadNativeSockets({ override: import.meta.filename })).toThrow(/does not load: /);
  });

  it('answers a refusal with a negative errno and throws for our own mistakes', () => {
    const native = nativeSockets();
    expect(native.close(987_654)).toBe(-9);
    expect(native.pollStart(987_654, 1, () => undefined)).toBe(-9);
    expect(() => native.send(1, new Uint8Array(4), 2, 3)).toThrow(RangeError);
    expect(() => native.send(1, new Uint8Array(4), -1, 3)).toThrow(RangeError);
    expect(() => native.recv(1, new Uint8Array(4), 0, 4, 7 as never)).toThrow(TypeError);
    expect(() => native.bind('x' as never, new Uint8Array(4))).toThrow(TypeError);
    expect(() => native.listen(1, undefined as never)).toThrow(TypeError);
    expect(() => native.pollStop({})).toThrow(TypeError);
    expect(() => native.pollStart(1, 1, 'x' as never)).toThrow(TypeError);
  });

  it('stops a poll twice without harm, also from inside its callback', () => {
    const { status, stdout, stderr } = node(`
      const { nativeSockets } = await import(${NATIVE});
      const native = nativeSockets();
      const fd = native.socket(2, 2, 0); // UDP: writable at once
      const poll = native.pollStart(fd, 2, (events) => {
        console.log('ready', events, native.pollStop(poll), native.pollStop(poll), native.close(fd));
      });`);
    expect({ status, stdout, stderr }).toEqual({
      status: 0,
      stdout: 'ready 2 0 0 0\n',
      stderr: '',
    });
  });

  it('turns an exception in a poll callback into uncaughtException', () => {
    const { status, stdout } = node(`
      const { nativeSockets } = await import(${NATIVE});
      const native = nativeSockets();
      process.on('uncaughtException', (error) => {
        console.log(error.message);
        native.pollStop(poll);
      });
      const poll = native.pollStart(native.socket(2, 2, 0), 2, () => {
        throw new Error('from the callback');
      });`);
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'from the callback\n' });
  });

  it('survives that a Worker with live sockets is terminated, ten times over', () => {
    const { status, stdout, stderr } = node(`
      import { Worker } from 'node:worker_threads';
      for (let i = 0; i < 10; i++) {
        const worker = new Worker(${WORKER}, { execArgv: [] });
        await new Promise((resolve, reject) => worker.on('message', resolve).on('error', reject));
        await worker.terminate();
      }
      console.log('alive');`);
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'alive\n', stderr: '' });
  });
});
