/**
 * godwit itself, as users run it: compiled JavaScript, its own file, a directory of Calico resources.
 *
 * From the sources it would carry the compiler that strips their types: 30 MB and 0.3 s of CPU.
 */

import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { REPOSITORY } from '../../tools/cache-dir.ts';
import { parseLoopSample } from '../loop-delay.ts';
import { NETWORK, type Scenario, type Speaker } from '../scenarios.ts';
import type { Rival } from './rival.ts';

const NODE = 'bench';
const HTTP = '127.0.0.1:9179';

export const GODWIT: Rival = {
  name: 'godwit',
  unfit: () => undefined,
  async observe(lab) {
    const ask = `fetch('http://${HTTP}/metrics').then((a) => a.text()).then(console.log)`;
    return parseLoopSample(await lab.daemonSide.runOk([process.execPath, '-e', ask]));
  },
  prepare({ lab, scenario, speakers }) {
    build();
    const resources = join(lab.dir, 'resources');
    mkdirSync(resources);
    const documents = resourcesOf(scenario, speakers).map((document) => stringify(document));
    writeFileSync(join(resources, 'bench.yaml'), documents.join('---\n'));
    const config = join(lab.dir, 'godwit.yaml');
    const settings = {
      nodeName: NODE,
      datastore: { type: 'file', path: resources },
      state: { dir: join(lab.dir, 'state') },
      kernel: { enabled: scenario.kernel === true },
      control: { socket: join(lab.dir, 'godwit.sock') },
      http: { listen: HTTP },
      log: { level: 'warn', format: 'json' },
    };
    writeFileSync(config, stringify(settings));
    const flags = readFileSync(join(REPOSITORY, 'bin/node-flags'), 'utf8')
      .trim()
      .split(' ')
      .filter((flag) => flag !== '');
    const program = join(REPOSITORY, 'dist/bin/godwitd.js');
    // As bin/godwitd does it, which from a checkout would run the sources.
    return ['env', 'MALLOC_ARENA_MAX=1', process.execPath, ...flags, program, '--config', config];
  },
};

let isBuilt = false;

/** Once a run: what is measured is what stands in the tree. */
function build(): void {
  if (isBuilt) return;
  const built = spawnSync(process.execPath, [join(REPOSITORY, 'tools/build.ts')], {
    encoding: 'utf8',
  });
  if (built.status !== 0) throw new Error(`npm run build failed: ${built.stdout}${built.stderr}`);
  isBuilt = true;
}

type Document = Readonly<Record<string, unknown>>;

function resourcesOf(scenario: Scenario, speakers: readonly Speaker[]): Document[] {
  const mesh = scenario.mesh === true;
  const node = (name: string, address: string): Document =>
    calico('Node', name, {
      bgp: { asNumber: NETWORK.localAs, ipv4Address: `${address}/${NETWORK.prefixLength}` },
    });
  const feeds = speakers.filter(({ role }) => role === 'feed');
  const outside = mesh ? speakers.filter(({ role }) => role === 'sink') : speakers;
  return [
    node(NODE, NETWORK.daemonAddress),
    ...(mesh ? feeds.map(({ name, address }) => node(name, address)) : []),
    calico('BGPConfiguration', 'default', {
      asNumber: NETWORK.localAs,
      nodeToNodeMeshEnabled: mesh,
    }),
    // What feeds announce lies in here.
    calico('IPPool', 'bench', { cidr: '20.0.0.0/8', blockSize: 26 }),
    calico('BGPFilter', 'everything', {
      importV4: [{ action: 'Accept' }],
      exportV4: [{ action: 'Accept' }],
    }),
    ...outside.map(({ name, address, as }) =>
      calico('BGPPeer', name, {
        node: NODE,
        peerIP: address,
        asNumber: as,
        filters: ['everything'],
      }),
    ),
  ];
}

function calico(kind: string, name: string, spec: Document): Document {
  return { apiVersion: 'projectcalico.org/v3', kind, metadata: { name }, spec };
}
