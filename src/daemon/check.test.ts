import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkConfiguration, runCheck } from './check.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'godwit-check-'));
  mkdirSync(join(root, 'resources'));
  write('godwit.yaml', `nodeName: a\ndatastore: { path: ${root}/resources }\n`);
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(name: string, text: string): void {
  writeFileSync(join(root, name), text);
}

const NODE = `apiVersion: projectcalico.org/v3
kind: Node
metadata: { name: a }
spec: { bgp: { ipv4Address: 10.0.0.1/24 } }
`;
const PEER = `apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: { name: tor }
spec:
  peerIP: 10.0.0.254
  asNumber: 64601
  filters:
    - tor-in
`;

function check(): ReturnType<typeof checkConfiguration> {
  return checkConfiguration({ configPath: join(root, 'godwit.yaml'), env: {} });
}

describe('godwitd --check', () => {
  it('exits 0 and says what the plan is when nothing is wrong', async () => {
    write('resources/node.yaml', NODE);
    const { exitCode, lines } = await check();
    expect(exitCode).toBe(0);
    expect(lines).toEqual([
      'a: AS 64512, BGP Identifier 10.0.0.1, 0 sessions, 0 own blocks, 0 pools, kernel table 254',
      'OK, 0 warnings',
    ]);
  });

  it('exits 78 on a dangling filter name, with file, line and remedy', async () => {
    write('resources/node.yaml', NODE);
    write('resources/peer.yaml', PEER);
    const { exitCode, lines } = await check();
    expect(exitCode).toBe(78);
    expect(lines[0]).toBe(
      `error: ${root}/resources/peer.yaml:8:7: BGPPeer/tor spec.filters[0] "tor-in": There is no` +
        ' BGPFilter of this name: no route passes in either direction until it exists.' +
        ' Create BGPFilter/tor-in, or leave it out',
    );
  });

  it('exits 78 on an unknown key, a missing file, a missing directory, a missing Node', async () => {
    write('resources/node.yaml', NODE.replace('name: a', 'name: b'));
    expect((await check()).lines[0]).toContain('There is no Node resource for this node, named a');
    rmSync(join(root, 'resources'), { recursive: true });
    const lost = await check();
    expect([lost.exitCode, lost.lines[0]]).toEqual([78, expect.stringContaining('godwit init')]);
    write('godwit.yaml', 'nodename: a\n');
    expect((await check()).lines[0]).toContain('Did you mean nodeName?');
    rmSync(join(root, 'godwit.yaml'));
    expect((await check()).lines[0]).toContain('The file does not exist');
  });

  it('prints problems to the error stream when there is an error, else to the other', async () => {
    write('resources/node.yaml', NODE);
    const out: string[] = [];
    const err: string[] = [];
    const streams = {
      out: (line: string) => out.push(line),
      err: (line: string) => err.push(line),
    };
    const options = { configPath: join(root, 'godwit.yaml'), env: {} };
    expect(await runCheck(options, streams)).toBe(0);
    expect([out.length, err.length]).toEqual([2, 0]);
    write('godwit.yaml', 'x: 1');
    expect(await runCheck(options, streams)).toBe(78);
    expect(err).toHaveLength(2);
  });
});
