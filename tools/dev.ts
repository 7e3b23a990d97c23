/**
 * `npm run dev`: a daemon on this machine that starts again whenever a source changes, against a
 * file datastore that is there to be edited. It touches no kernel and needs no rights.
 */

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toolArguments } from './arguments.ts';
import { cacheDir, REPOSITORY } from './cache-dir.ts';
import { buildShim } from './shim.ts';

const BGP_PORT = 1790; // below 1024 one has to be root
const HTTP = '127.0.0.1:9179';
const GOODBYE_MS = 1000; // the daemon needs a tenth of it

toolArguments({
  usage: `npm run dev

A daemon that starts again whenever a source changes, on resources in .cache/dev. Takes no options.
`,
});

const home = cacheDir('dev');
const resources = join(home, 'resources');
const config = join(home, 'godwit.yaml');

/** Written once; from then on they belong to whoever edits them. */
function writeFirst(path: string, text: string): void {
  if (!existsSync(path)) writeFileSync(path, text);
}

await buildShim();
mkdirSync(resources, { recursive: true });
writeFirst(
  config,
  `nodeName: dev
datastore: { type: file, path: ${resources} }
state: { dir: ${join(home, 'state')} }
kernel: { enabled: false }
control: { socket: ${join(home, 'godwit.sock')} }
http: { listen: '${HTTP}' }
log: { level: debug, format: pretty }
`,
);
writeFirst(
  join(resources, 'cluster.yaml'),
  `apiVersion: projectcalico.org/v3
kind: BGPConfiguration
metadata: { name: default }
spec: { asNumber: 64512, listenPort: ${BGP_PORT}, nodeToNodeMeshEnabled: true }
---
apiVersion: projectcalico.org/v3
kind: Node
metadata: { name: dev }
spec: { bgp: { ipv4Address: 127.0.0.1/8 } }
---
apiVersion: projectcalico.org/v3
kind: IPPool
metadata: { name: default }
spec: { cidr: 10.244.0.0/16, blockSize: 26, ipipMode: Never, vxlanMode: Never }
---
apiVersion: projectcalico.org/v3
kind: BlockAffinity
metadata: { name: dev-10-244-0-0-26 }
spec: { cidr: 10.244.0.0/26, node: dev, state: confirmed }
`,
);

console.log(`resources: ${resources}
config:    ${config}
BGP port ${BGP_PORT}, http://${HTTP}, control socket ${join(home, 'godwit.sock')}`);
const args = ['--watch', '--watch-preserve-output', 'src/bin/godwitd.ts', '--config', config];
const daemon = spawn(process.execPath, args, { cwd: REPOSITORY, stdio: 'inherit' });
// Ctrl-C reaches the whole group of processes: the daemon says goodbye by itself. A signal to this
// process alone does not, and is handed on.
let interrupted = false;
process.on('SIGINT', () => {
  interrupted = true;
  setTimeout(() => daemon.kill('SIGINT'), GOODBYE_MS).unref();
});
process.on('SIGTERM', () => daemon.kill('SIGTERM'));
daemon.on('exit', (code) => {
  process.exitCode = interrupted ? 0 : (code ?? 1);
});
