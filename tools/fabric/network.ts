/**
 * A lab's namespaces and wires: one of each for every node and link of the topology, then the commands that the
 * topology has run in the nodes. Nothing is known here of racks, pods or daemons: that is in the file.
 */
import type { Lab, LabLink, LabNode } from './lab-file.ts';
import { addNamespace, type Namespace } from './netns.ts';
import type { FabricNames } from './topology.ts';

export interface FabricNetwork {
  /** @throws {RangeError} for a name that is no node of the lab */
  readonly of: (member: string) => Namespace;
  readonly all: readonly Namespace[];
}

/** IP-in-IP takes 20 octets of the path's 1500. */
export const TUNNEL_MTU = 1480;

export async function buildNetwork(lab: Lab, names: FabricNames): Promise<FabricNetwork> {
  const namespaces = new Map<string, Namespace>();
  for (const { name } of lab.nodes) {
    namespaces.set(name, await addNamespace(names.namespace(name)));
  }
  const of = (member: string): Namespace => {
    const namespace = namespaces.get(member);
    if (namespace === undefined) throw new RangeError(`${member} is not in this fabric`);
    return namespace;
  };
  await Promise.all(
    lab.nodes.map(({ name, sysctls }) => of(name).sysctl({ ...KERNEL_SETTINGS, ...sysctls })),
  );
  for (const link of lab.links) await wire(link, of);
  for (const node of lab.nodes) await runCommands(node, of(node.name));
  return { of, all: [...namespaces.values()] };
}

/** Up at both ends, as containerlab leaves them. */
async function wire([a, b]: LabLink, of: (member: string) => Namespace): Promise<void> {
  const far = of(b.node);
  await of(a.node).batch([
    `link add ${a.device} type veth peer name ${b.device} netns ${far.name}`,
    `link set ${a.device} up`,
  ]);
  await far.batch([`link set ${b.device} up`]);
}

async function runCommands({ exec }: LabNode, namespace: Namespace): Promise<void> {
  let batch: string[] = [];
  const flush = async (): Promise<void> => {
    const lines = batch;
    batch = [];
    await namespace.batch(lines);
  };
  for (const command of exec) {
    if (command.kind === 'ip') batch.push(command.words.join(' '));
    else {
      await flush();
      const { path, value } = command;
      await namespace.runOk(['sh', '-c', 'printf %s "$1" >"$2"', 'sh', value, path]);
    }
  }
  await flush();
}

/** Addresses are ours alone here: waiting a second for duplicates would only delay the start. */
const KERNEL_SETTINGS = {
  'net.ipv6.conf.all.accept_dad': '0',
  'net.ipv6.conf.default.accept_dad': '0',
  'net.ipv6.conf.default.accept_ra': '0',
} as const;
