/** The demonstration's resources, and the files that stand beside them: they speak of one fabric. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { REPOSITORY } from '../cache-dir.ts';
import {
  clusterResources,
  godwitYaml,
  outsideResources,
  type ResourceFiles,
  torResources,
} from './resources.ts';
import { DEMO, DEMO_EXPECTED, fabricNames, NODES, OUTSIDE, TOR } from './topology.ts';

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

interface ComposeService {
  readonly environment?: Readonly<Record<string, string>>;
  readonly networks: Readonly<Record<string, { ipv4_address: string; ipv6_address: string }>>;
}

it('docker-compose.yml gives the nodes the addresses that their resources say', () => {
  const text = readFileSync(join(REPOSITORY, 'docker-compose.yml'), 'utf8');
  const { services } = parse(text, { merge: true }) as { services: Record<string, ComposeService> };
  for (const node of NODES) {
    const { environment, networks } = services[node.name]!;
    const [place] = Object.values(networks);
    expect(place).toEqual({ ipv4_address: node.ipv4, ipv6_address: node.ipv6 });
    expect(environment).toMatchObject({
      ...{ NODENAME: node.name, NODE4: node.ipv4, POD4: node.podV4, POD6: node.podV6 },
      ...{ GATEWAY4: node.gatewayV4, GATEWAY6: node.gatewayV6 },
      TUNNEL4: DEMO.nodes.find(({ name }) => name === node.name)?.env['TUNNEL4'],
    });
  }
  expect(services['outside']?.environment?.['ANNOUNCE']).toBe(
    DEMO.nodes.find(({ name }) => name === OUTSIDE.name)?.env['ANNOUNCE'],
  );
});

it("The ToR's and the outside's configuration name every node, and announce what filters take", () => {
  const read = (name: string): string =>
    readFileSync(join(REPOSITORY, 'config/compose', name), 'utf8');
  const [tor, outside] = [read('tor-bird.conf'), read('outside-gobgp.toml')];
  expect(tor).toContain(TOR.prefixV4);
  expect(tor).toContain(TOR.prefixV6);
  for (const { ipv4, ipv6, edge } of NODES) {
    for (const address of [ipv4, ipv6]) {
      expect(tor).toContain(`neighbor ${address} as 64512;`);
      expect(outside.includes(`"${address}"`)).toBe(edge);
    }
  }
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
    const outer = [...DEMO_EXPECTED.nodes.get(node.name)!.sessions]
      .filter(([, peer]) => peer === TOR.name || peer === OUTSIDE.name)
      .map(([address]) => address);
    expect([...peers].sort()).toEqual(outer.sort());
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
