/** What a change would do, told by a real core with a real session (calico model 3.3, 3.4). */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { resource } from '../../../test/support/resources.ts';
import { GodwitService } from '../../api/grpc/service.ts';
import { smallCluster, TestDaemon } from '../../api/testing/daemon.ts';
import { GrpcServer } from '../../io/servers/grpc.ts';
import { ip } from '../../net/ip-address.ts';
import { prefix } from '../../net/prefix.ts';
import { announcement } from '../../sim/messages.ts';
import { openOf } from '../../speaker/testing/bare.ts';
import { EMPTY_ATTRIBUTES } from '../../wire/attributes/codec.ts';
import { KEEPALIVE } from '../../wire/keepalive.ts';
import { main } from '../main.ts';

const PEER = ip('10.0.0.2');
const THEIRS = ['10.100.200.0/26', '10.100.201.0/26'];

let root: string;
let daemon: TestDaemon;
let server: GrpcServer;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'godwit-plan-'));
  daemon = TestDaemon.of();
  establish();
  const opened = await GrpcServer.open(join(root, 'godwit.sock'), new GodwitService(daemon));
  if ('kind' in opened) throw new Error(opened.detail);
  server = opened;
});

afterEach(async () => {
  await server.close();
  rmSync(root, { recursive: true });
});

/** The neighbor calls and announces two blocks. */
function establish(): void {
  const [connection, local] = [2, { address: ip('10.0.0.1'), port: 179 }];
  const remote = { address: PEER, port: 40_000 };
  daemon.step({ type: 'tcpAccepted', connection, remote, local });
  const attributes = { ...EMPTY_ATTRIBUTES, nextHop: PEER, localPref: 100 };
  const about = { family: 'ipv4-unicast', as4: true, attributes } as const;
  for (const octets of [openOf(PEER), KEEPALIVE, announcement(THEIRS.map(prefix), about)]) {
    daemon.step({ type: 'octetsReceived', connection, octets });
  }
}

async function plan(...words: string[]): Promise<{ said: string; code: number }> {
  let said = '';
  const write = (text: string): void => {
    said += text;
  };
  const env = { GODWIT_SOCKET: join(root, 'godwit.sock') };
  const code = await main(['plan', ...words], env, { write, writeError: write });
  return { said, code };
}

function proposed(...values: unknown[]): string {
  const directory = join(root, 'proposed');
  mkdirSync(directory, { recursive: true });
  for (const [index, value] of values.entries()) {
    writeFileSync(join(directory, `${index}.yaml`), stringify(value));
  }
  return directory;
}

const NO_MESH = resource('BGPConfiguration', 'default', { nodeToNodeMeshEnabled: false });

describe('godwit plan', () => {
  it('says what would be lost when the mesh is turned off, and changes nothing', async () => {
    const { said, code } = await plan('-f', proposed(NO_MESH));
    expect(said).toContain(
      'session remove: Mesh_10_0_0_2 (Established): node-to-node mesh with Node/b no longer asks for it',
    );
    expect(said).toContain(`Mesh_10_0_0_2 received: 2 lost: ${THEIRS.join(', ')}`);
    expect(said).toContain('Mesh_10_0_0_2 advertised: 1 lost: 10.100.0.0/26');
    expect(said).toMatch(/risk: 1 Established session ends, .*1 peer is told less/);
    expect(code).toBe(0);
    expect(daemon.view.neighbors()).toHaveLength(1);
  });

  it('runs a new filter over what peers have sent, and over what they are told', async () => {
    const filter = resource('BGPFilter', 'f', {
      importV4: [{ action: 'Reject', matchOperator: 'Equal', cidr: THEIRS[0] }],
      exportV4: [{ action: 'Reject' }],
    });
    const peer = resource('BGPPeer', 'p', { peerIP: PEER, asNumber: 64512, filters: ['f'] });
    // The explicit peer takes the place of the mesh: the session stays, under another name.
    const { said } = await plan('-f', proposed(filter, peer));
    expect(said).toContain(
      'session update: Global_10_0_0_2 (Established): Mesh_10_0_0_2 is asked for',
    );
    expect(said).not.toMatch(/session (add|remove|restart)/);
    expect(said).toContain(`Global_10_0_0_2 received: 1 lost: ${THEIRS[0]}`);
    expect(said).toContain('Global_10_0_0_2 advertised: 1 lost: 10.100.0.0/26');
    const other = resource('BGPPeer', 'p', { peerIP: '10.0.0.9', asNumber: 64512 });
    expect((await plan('-f', proposed(filter, other))).said).toContain(
      'note: What added peers are going to announce is not known',
    );
  });

  it('counts a withdrawn own block for every peer that is told of it', async () => {
    const { said } = await plan('--remove', 'BlockAffinity/block-0');
    expect(said).toContain('own prefixes withdrawn: 10.100.0.0/26');
    expect(said).toContain('Mesh_10_0_0_2 advertised: 1 lost: 10.100.0.0/26');
    expect(said).not.toMatch(/session (remove|restart)/);
  });

  it('counts a new own block, and a pool that is exported no more', async () => {
    const block = resource('BlockAffinity', 'more', { node: 'a', cidr: '10.100.9.0/26' });
    expect((await plan('-f', proposed(block))).said).toContain(
      'Mesh_10_0_0_2 advertised: 1 gained: 10.100.9.0/26',
    );
    const pool = { cidr: '10.64.0.0/10', ipipMode: 'Never', disableBGPExport: true };
    const closed = await plan('-f', proposed(resource('IPPool', 'pool', pool)));
    expect(closed.said).toContain('Mesh_10_0_0_2 advertised: 1 lost: 10.100.0.0/26');
    expect(closed.said).toContain('session policy: Mesh_10_0_0_2 (Established)');
  });

  it('says that nothing changes where nothing does', async () => {
    const same = resource('IPPool', 'pool', { cidr: '10.64.0.0/10', ipipMode: 'Never' });
    expect((await plan('-f', proposed(same))).said).toBe('risk: None: nothing changes\n');
  });

  it('with --replace takes the files for all there is', async () => {
    const all = smallCluster().filter((value) => !JSON.stringify(value).includes('"b"'));
    const { said } = await plan('-f', proposed(...all), '--replace');
    expect(said).toContain('session remove: Mesh_10_0_0_2');
  });

  it('names what is wrong with the change, and exits with 3', async () => {
    const wrong = resource('BGPPeer', 'p', { peerIP: 'nowhere', asNumber: 1 });
    const { said, code } = await plan('-f', proposed(wrong));
    expect(said).toContain('error: ');
    expect(said).toContain('0.yaml');
    expect(code).toBe(3);
    const nothing = await plan('--remove', 'BGPPeer/none');
    expect(nothing.said).toContain('There is no resource of this name to remove');
    expect((await plan()).said).toContain('Nothing is proposed');
  });

  it('with --json gives one object with stable names', async () => {
    const { said } = await plan('-f', proposed(NO_MESH), '--json');
    expect(JSON.parse(said)).toMatchObject({
      refused: '',
      sessions: [{ name: 'Mesh_10_0_0_2', change: 'remove', established: true }],
      peers: [{ received: { gained: 0, lost: 2 }, advertised: { lost: 1 } }],
      kernel: { added: 0, changed: 0, removed: 0 },
    });
  });
});
