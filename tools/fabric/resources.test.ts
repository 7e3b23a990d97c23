/**
 * The fabric's resources, and that `config/` holds the same for compose and containerlab.
 * `UPDATE_GOLDEN=1` writes those files anew.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { REPOSITORY } from '../cache-dir.ts';
import { outsideGobgpToml, torBirdConf } from './peer-config.ts';
import {
  clusterResources,
  godwitYaml,
  outsideResources,
  type ResourceFiles,
  torResources,
} from './resources.ts';
import { expectedSessions, fabricNames, NODES, OUTSIDE, RACKS, TOR } from './topology.ts';

interface Resource {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Record<string, string> };
  readonly spec: Record<string, unknown>;
}

function read(files: ResourceFiles): Resource[] {
  return Object.values(files).flatMap((text) =>
    parseAllDocuments(text).map((document) => {
      expect(document.errors).toEqual([]);
      return document.toJS() as Resource;
    }),
  );
}

it('config/ holds what the topology says', () => {
  const golden: Record<string, string> = {
    'compose/tor-bird.conf': torBirdConf(),
    'compose/outside-gobgp.toml': outsideGobgpToml(),
  };
  for (const [name, text] of Object.entries(clusterResources())) golden[`resources/${name}`] = text;
  const at = (name: string): string => join(REPOSITORY, 'config', name);
  if (process.env['UPDATE_GOLDEN'] === '1') {
    for (const folder of ['compose', 'resources']) mkdirSync(at(folder), { recursive: true });
    for (const [name, text] of Object.entries(golden)) writeFileSync(at(name), text);
  }
  for (const [name, text] of Object.entries(golden)) {
    expect(readFileSync(at(name), 'utf8'), name).toBe(text);
  }
  expect(readdirSync(at('resources')).sort()).toEqual(Object.keys(clusterResources()).sort());
});

it('Every node has two blocks, and every filter that a peer names exists', () => {
  for (const files of [clusterResources(), torResources(), outsideResources()]) {
    const all = read(files);
    const names = new Set(all.filter((one) => one.kind === 'BGPFilter').map(nameOf));
    const peers = all.filter((one) => one.kind === 'BGPPeer');
    expect(peers.length).toBeGreaterThan(0);
    for (const peer of peers) {
      for (const filter of peer.spec['filters'] as string[]) expect(names).toContain(filter);
    }
    for (const node of all.filter((one) => one.kind === 'Node')) {
      const own = all.filter((one) => one.spec['node'] === node.metadata.name);
      expect(own.map((one) => one.kind)).toEqual(['BlockAffinity', 'BlockAffinity']);
    }
    expect(new Set(all.map((one) => `${one.kind}/${nameOf(one)}`)).size).toBe(all.length);
  }
});

it('The sessions that a node must have are those that the resources give it', () => {
  const all = read(clusterResources());
  for (const node of NODES) {
    const mine = all.find((one) => one.kind === 'Node' && nameOf(one) === node.name);
    const labels = mine?.metadata.labels ?? {};
    const peers = all
      .filter((one) => one.kind === 'BGPPeer')
      .filter((one) => {
        const [, label = '', value = ''] =
          /^(\w+) == '(\w+)'$/.exec(String(one.spec['nodeSelector'])) ?? [];
        return labels[label] === value;
      })
      .map((one) => one.spec['peerIP']);
    const outer = expectedSessions(node).filter((one) => one.as !== 64512);
    expect([...peers].sort()).toEqual(outer.map((one) => one.address).sort());
  }
});

it('A godwit as ToR or outside peers with the addresses and numbers that the nodes expect', () => {
  const tor = read(torResources()).find((one) => one.kind === 'Node');
  expect(tor?.spec['bgp']).toMatchObject({ asNumber: TOR.as });
  expect(read(torResources()).filter((one) => one.kind === 'BGPPeer')).toHaveLength(6);
  const outside = read(outsideResources()).find((one) => one.kind === 'Node');
  expect(outside?.spec['bgp']).toMatchObject({
    asNumber: OUTSIDE.as,
    ipv4Address: `${OUTSIDE.ipv4}/24`,
  });
  expect(read(outsideResources()).filter((one) => one.kind === 'BGPPeer')).toHaveLength(4);
  expect(RACKS.map((rack) => rack.gatewayV4)).toEqual(['10.10.1.1', '10.10.2.1']);
});

it('A godwit.yaml keeps all of its member in one directory', () => {
  const text = godwitYaml('node-a', { dir: '/run/x/node-a', httpListen: '127.0.0.1:9179' });
  expect(parseAllDocuments(text)[0]?.toJS()).toMatchObject({
    nodeName: 'node-a',
    datastore: { type: 'file', path: '/run/x/node-a/resources' },
    control: { socket: '/run/x/node-a/godwit.sock' },
  });
});

it('Two checkouts have namespaces of different names, short enough for the kernel', () => {
  const one = fabricNames('/home/a/godwit');
  const two = fabricNames('/home/b/godwit');
  expect(one.prefix).not.toBe(two.prefix);
  expect(fabricNames('/home/a/godwit').prefix).toBe(one.prefix);
  expect(one.namespace('node-a')).toBe(`gw-${one.id}-node-a`);
});

function nameOf(one: Resource): string {
  return one.metadata.name;
}
