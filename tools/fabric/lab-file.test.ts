/** Topologies and expectations that cannot be played are refused with file, line, path and what would be right. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { REPOSITORY } from '../cache-dir.ts';
import { parseExpectations, readExpectations } from './lab-expect.ts';
import { parseLab, readLab } from './lab-file.ts';
import { DEMO, DEMO_FILE } from './topology.ts';

const FOLDER = join(REPOSITORY, 'config/containerlab');
const TEXT = readFileSync(DEMO_FILE, 'utf8');
const EXPECT = readFileSync(DEMO_FILE.replace('.clab.', '.expect.'), 'utf8');

/** The demonstration's topology with one thing changed. */
function changed(from: string, to: string): () => unknown {
  expect(TEXT).toContain(from);
  return () => parseLab(DEMO_FILE, TEXT.replace(from, to));
}

it.each([
  [
    'kind: linux',
    'kind: nokia_srlinux',
    /^config\/containerlab\/godwit\.clab\.yml:\d+: .*kind: "nokia_srlinux" is not played here; allowed: linux$/,
  ],
  [
    'image: godwit-bird:dev',
    'image: alpine',
    /tor\.image: "alpine" is not played here; allowed: godwit-fabric:dev, godwit-bird:dev, /,
  ],
  ['network-mode: none', 'network-mode: host', /"host" is not played here; allowed: none, bridge/],
  [
    '    tor:\n',
    '    tor:\n      memory: 1Gb\n',
    /tor\.memory: is not played here; known here: kind, image, /,
  ],
  [
    'ip link set rack1 up',
    'iptables -F',
    /exec\[\d+\]: "iptables -F" is not played here; allowed: ip …, .*bird …/,
  ],
  ['ip link set rack1 up', 'ip link set rack1 up; reboot', /is not played here/],
  [
    '"tor:uplink"',
    '"leaf:uplink"',
    /endpoints\[0\]: "leaf:uplink": no such node; there are tor, node-a/,
  ],
  ['"tor:uplink"', '"tor:to-node-a"', /tor:to-node-a is the end of two links/],
  ['/tor-bird.conf:/etc/bird/bird.conf:ro', '/tor-bird.conf', /a bind is SOURCE:\/TARGET/],
  [
    '/tor-bird.conf:/etc/bird/bird.conf:ro',
    '/tor-bird.conf:/etc/b.conf',
    /nothing is bound to \/etc\/bird\/bird\.conf/,
  ],
] as const)('%j → %j is refused', (from, to, words) => {
  expect(changed(from, to)).toThrow(words);
});

it.each([
  [
    '10.10.1.12: node-b',
    '10.10.1.300: node-b',
    /^config\/containerlab\/godwit\.expect\.yml:\d+: .*"10\.10\.1\.300" is no IP address/,
  ],
  ['10.10.1.12: node-b', '10.10.1.12: node-z', /no node "node-z"; there are tor, node-a/],
  [
    'blackhole 10.244.1.0/26',
    'blackhole 10.244.1.0/26 dev lo',
    /a route is `blackhole PREFIX` or /,
  ],
  ['via 10.10.1.12 dev eth0:', 'via 10.10.1.12:', /a route is /],
  ['pods:', 'pod:', /pod: is not played here; known here: nodes, pods, tunnelled, outages/],
] as const)('In expectations %j → %j is refused', (from, to, words) => {
  expect(EXPECT).toContain(from);
  expect(() => parseExpectations(DEMO, EXPECT.replace(from, to))).toThrow(words);
});

it('A topology that is not there is refused with where some are', () => {
  expect(() => readLab('/nowhere/x.clab.yml')).toThrow(/no such file; topologies are in/);
});

it('Every topology of the tree is played, has a name of its own, and says what must come of it', () => {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.clab.yml'));
  const labs = files.map((name) => readLab(join(FOLDER, name)));
  expect(new Set(labs.map(({ name }) => name)).size).toBe(files.length);
  for (const lab of labs) {
    const { nodes, pods } = readExpectations(lab);
    for (const { name, image, speaks } of lab.nodes) {
      if (image !== 'godwit' || !speaks) continue;
      expect(nodes.get(name)?.sessions.size, `sessions of ${name} in ${lab.name}`).toBeGreaterThan(
        0,
      );
    }
    expect(pods.size).toBeGreaterThan(1);
  }
});
