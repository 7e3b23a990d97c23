/** What a neighbor lacks is in its line, with what to do; the detail has the figures. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { profile } from '../../../test/support/any-profile.ts';
import { resource } from '../../../test/support/resources.ts';
import { GodwitService } from '../../api/grpc/service.ts';
import { START, smallCluster, TestDaemon } from '../../api/testing/daemon.ts';
import { GrpcServer } from '../../io/servers/grpc.ts';
import { ip } from '../../net/ip-address.ts';
import { prefix } from '../../net/prefix.ts';
import { announcement, endOfRibMarker } from '../../sim/messages.ts';
import type { SpeakerOptions } from '../../speaker/core.ts';
import { openOf } from '../../speaker/testing/bare.ts';
import { EMPTY_ATTRIBUTES } from '../../wire/attributes/codec.ts';
import type { Capability } from '../../wire/capabilities/capability.ts';
import { KEEPALIVE } from '../../wire/keepalive.ts';
import { encodeRouteRefresh } from '../../wire/route-refresh.ts';
import { main } from '../main.ts';

const PEER = ip('10.0.0.2');
let clean: (() => Promise<void>) | undefined;

afterEach(async () => clean?.());

/** `godwit` with these words, against a daemon made so. */
async function asked(
  options: Partial<SpeakerOptions>,
  prepare: (daemon: TestDaemon) => void,
  resources: readonly unknown[] = smallCluster(),
): Promise<(...words: string[]) => Promise<string>> {
  const daemon = TestDaemon.of(resources, options);
  prepare(daemon);
  const root = mkdtempSync(join(tmpdir(), 'godwit-neighbors-'));
  const socket = join(root, 'godwit.sock');
  const server = await GrpcServer.open(socket, new GodwitService(daemon));
  if ('kind' in server) throw new Error(server.detail);
  clean = async () => {
    await server.close();
    rmSync(root, { recursive: true });
  };
  return async (...words) => {
    let said = '';
    const write = (text: string): void => {
      said += text;
    };
    await main(words, { GODWIT_SOCKET: socket }, { write, writeError: write });
    return said;
  };
}

function establish(
  daemon: TestDaemon,
  capabilities: readonly Capability[] = [],
  address = PEER,
): (octets: Uint8Array) => void {
  const [connection, local] = [2, { address: ip('10.0.0.1'), port: 179 }];
  const remote = { address, port: 40_000 };
  daemon.step({ type: 'tcpAccepted', connection, remote, local });
  const say = (octets: Uint8Array): void =>
    daemon.step({ type: 'octetsReceived', connection, octets });
  say(openOf(address, capabilities));
  say(KEEPALIVE);
  return say;
}

it('a neighbor whose routes found no room is Established, and says so', async () => {
  const godwit = await asked({ pathsMax: 1 }, (daemon) => {
    const attributes = { ...EMPTY_ATTRIBUTES, nextHop: PEER, localPref: 100 };
    const prefixes = ['10.1.0.0/26', '10.2.0.0/26', '10.3.0.0/26'].map(prefix);
    const about = { family: 'ipv4-unicast', as4: true, attributes } as const;
    establish(daemon)(announcement(prefixes, about));
  });
  expect(await godwit('show', 'neighbors')).toMatch(
    /Established .* 2 ipv4-unicast routes refused: no room$/m,
  );
  const detail = await godwit('show', 'neighbors', PEER);
  expect(detail).toContain('1 received, 1 accepted, 0 rejected, 2 refused');
});

it('a neighbor in quarantine says why, for how long, and how it ends; then it ends so', async () => {
  const stored = { peer: 'Mesh_10_0_0_2', reason: 'AssertionError: x', times: 2, endsInMs: 90_000 };
  const godwit = await asked({ quarantines: [stored], now: START }, () => undefined);
  expect(await godwit('show', 'neighbors')).toMatch(
    /Idle .* quarantined after an internal error for 120 s \(time 2\): AssertionError: x; report the file in evidence\/ of state\.dir; godwit clear quarantine Mesh_10_0_0_2 ends it$/m,
  );
  expect(await godwit('show', 'neighbors', PEER)).toMatch(
    /^Quarantine: +for another .* \(time 2\)$/m,
  );
  expect(await godwit('clear', 'quarantine', PEER)).toBe('');
  expect(await godwit('show', 'neighbors')).not.toContain('quarantine');
  expect(await godwit('clear', 'quarantine', PEER)).toContain('It is not in quarantine');
});

it('a neighbor whose routes are in doubt says why, and for how long', async () => {
  let daemon: TestDaemon | undefined;
  const attributes = { ...EMPTY_ATTRIBUTES, nextHop: PEER, localPref: 100 };
  const about = { family: 'ipv4-unicast', as4: true, attributes } as const;
  const told = announcement([prefix('10.1.0.0/26')], about);
  const graceful: Capability = {
    kind: 'gracefulRestart',
    restarting: false,
    notification: false,
    restartTime: 60,
    families: [{ afi: 1, safi: 1, forwarding: true }],
  };
  let say = (_octets: Uint8Array): void => undefined;
  const godwit = await asked({ now: START }, (made) => {
    daemon = made;
    say = establish(made, [{ kind: 'enhancedRouteRefresh' }, graceful]);
    say(told);
    say(endOfRibMarker('ipv4-unicast'));
  });
  expect(await godwit('show', 'neighbors', PEER)).not.toContain('stale routes are kept');
  say(encodeRouteRefresh({ afi: 1, safi: 1, subtype: 1 }));
  expect(await godwit('show', 'neighbors', PEER)).toMatch(
    /^ {2}route refresh under way: its end is awaited for another 6m/m,
  );
  say(told);
  say(encodeRouteRefresh({ afi: 1, safi: 1, subtype: 2 }));
  daemon!.step({ type: 'tcpClosed', connection: 2 });
  expect(await godwit('show', 'neighbors', PEER)).toMatch(
    /^ {2}stale routes are kept for another (1m|60s|59s)/m,
  );
});

describe('the values in force', () => {
  const resources = [
    ...smallCluster(),
    resource('BGPConfiguration', 'default', { nodeMeshMaxRestartTime: '60s' }),
    resource('BGPPeer', 'tor', {
      peerIP: '10.0.0.254',
      asNumber: 64_601,
      keepaliveTime: '4s',
      ttlSecurity: 1,
      password: { secretKeyRef: { name: 's', key: 'k' } },
    }),
    profile('all', { order: 2000, settings: { timers: { holdTime: '30s', connectRetry: '3s' } } }),
    profile('tor', {
      sessions: { asNumbers: ['external'] },
      settings: {
        asNumber: 'external',
        families: ['ipv4-unicast', 'ipv6-unicast'],
        timers: { holdTime: '12s' },
        addPath: { send: 'best 2' },
        role: 'customer',
        maxPrefixesIn: { limits: { 'ipv4-unicast': 1000 }, action: 'restart' },
      },
      listenRanges: [{ prefix: '10.0.9.0/24', asNumber: 64_512, peersMax: 1 }],
    }),
  ];

  for (const [name, file, more] of [
    ['10.0.0.254', 'show-neighbors-tor.txt', ['--all']],
    ['Mesh_10_0_0_2', 'show-neighbors-mesh.txt', []],
    ['10.0.9.7', 'show-neighbors-dynamic.txt', ['--all']],
  ] as const) {
    it(`of ${name} are shown with what gave each, as in ${file}`, async () => {
      const godwit = await asked({}, (daemon) => establish(daemon, [], ip('10.0.9.7')), resources);
      // What our OPEN has is no matter of this file.
      const text = await godwit('show', 'neighbors', name, ...more);
      const shown = text.replace(/^(Octets: +).*$/m, '$1…');
      const golden = new URL(`../../../test/fixtures/cli/${file}`, import.meta.url);
      if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(golden, shown);
      expect(shown).toBe(readFileSync(golden, 'utf8'));
    });
  }

  it('are in --json too, for one neighbor that is asked for; a list of all does without', async () => {
    const godwit = await asked({}, () => undefined, resources);
    const one = JSON.parse(await godwit('show', 'neighbors', '10.0.0.254', '--json'));
    expect(one.settings).toContainEqual({
      name: 'timers.holdTime',
      value: '12s',
      from: 'PeerProfile/tor',
    });
    const [line] = (await godwit('show', 'neighbors', '--json')).split('\n');
    expect(JSON.parse(line!).settings).toEqual([]);
  });

  it('of a range are its limits, and who was refused by them, in show status', async () => {
    const call = (daemon: TestDaemon): void => {
      establish(daemon, [], ip('10.0.9.7'));
      const local = { address: ip('10.0.0.1'), port: 179 };
      const remote = { address: ip('10.0.9.8'), port: 40_000 };
      daemon.step({ type: 'tcpAccepted', connection: 4, remote, local });
    };
    const godwit = await asked({}, call, resources);
    const status = await godwit('show', 'status');
    expect(status).toContain('Range 10.0.9.0/24 of PeerProfile/tor: 1 of 1 neighbors');
    expect(status).toMatch(
      /^Refused 1 connections from 10\.0\.9\.8, .*: range 10\.0\.9\.0\/24 of PeerProfile\/tor has its 1 neighbors; raise peersMax$/m,
    );
  });
});
