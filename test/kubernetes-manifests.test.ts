/** `config/kubernetes`: rights that are exactly those the program uses, and a DaemonSet that it can run in. */

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { readSettings } from '../src/daemon/config.ts';
import { plainDocument } from '../src/datastore/documents.ts';
import {
  type FollowedKind,
  firstKinds,
  furtherKinds,
  type RbacRule,
  ruleFor,
  statusRule,
} from '../src/io/datastores/kubernetes-kinds.ts';
import { REPOSITORY } from '../tools/cache-dir.ts';

// biome-ignore lint/suspicious/noExplicitAny: manifests are looked at as they are written
type Manifest = any;

function manifests(file: string): Manifest[] {
  const text = readFileSync(`${REPOSITORY}/config/kubernetes/${file}`, 'utf8');
  return parseAllDocuments(text).map((document) => document.toJS());
}

function only(file: string, kind: string): Manifest {
  const found = manifests(file).filter((one) => one.kind === kind);
  expect(found, `${kind} in ${file}`).toHaveLength(1);
  return found[0];
}

/** `group/resource verb`, sorted. */
function rights(rules: readonly RbacRule[]): string[] {
  const all = rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) => verbs.map((verb) => `${group}/${resource} ${verb}`)),
    ),
  );
  return [...new Set(all)].sort();
}

/** All that any node may come to follow. */
function followed(): FollowedKind[] {
  const first = (['crd.projectcalico.org/v1', 'projectcalico.org/v3'] as const).flatMap((calico) =>
    [true, false].flatMap((usePodCidr) =>
      [true, false].flatMap((byHash) => firstKinds({ node: 'a', calico, usePodCidr, byHash })),
    ),
  );
  const password = { secretKeyRef: { name: 's', key: 'k' } };
  const peer = { kind: 'BGPPeer', metadata: { name: 'p' }, spec: { password } };
  const options = { secrets: 'kube-system', services: true };
  return [...first, ...furtherKinds([plainDocument('p', peer)], options)];
}

const inNamespace = ({ namespace }: FollowedKind): boolean => namespace !== undefined;

describe('config/kubernetes', () => {
  it('grants what the program asks for in the whole cluster, and nothing else', () => {
    const needed = followed().filter((kind) => !inNamespace(kind));
    const written = (['crd.projectcalico.org/v1', 'projectcalico.org/v3'] as const).map(statusRule);
    const rules = [...needed.map(ruleFor), ...written];
    expect(rights(only('rbac.yaml', 'ClusterRole').rules)).toEqual(rights(rules));
  });

  it('grants Secrets in its own namespace alone', () => {
    const role = only('rbac.yaml', 'Role');
    const needed = followed().filter(inNamespace);
    expect(rights(role.rules)).toEqual(rights(needed.map(ruleFor)));
    expect(role.metadata.namespace).toBe(only('daemonset.yaml', 'DaemonSet').metadata.namespace);
  });

  it('binds both to the account that the pods run as', () => {
    const { spec, metadata } = only('daemonset.yaml', 'DaemonSet');
    const account = { kind: 'ServiceAccount', name: spec.template.spec.serviceAccountName };
    for (const [binding, role] of [
      ['ClusterRoleBinding', 'ClusterRole'],
      ['RoleBinding', 'Role'],
    ] as const) {
      const { roleRef, subjects } = only('rbac.yaml', binding);
      expect(roleRef).toMatchObject({
        kind: role,
        name: only('rbac.yaml', role).metadata.name,
      });
      expect(subjects).toEqual([{ ...account, namespace: metadata.namespace }]);
    }
    expect(only('rbac.yaml', 'ServiceAccount').metadata.name).toBe(account.name);
  });

  it('has a configuration that the daemon takes, with its paths mounted and its probes answered', () => {
    const { spec } = only('daemonset.yaml', 'DaemonSet').spec.template;
    const [container] = spec.containers;
    const text = only('configmap.yaml', 'ConfigMap').data['godwit.yaml'];
    const env = {
      NODENAME: 'node-a',
      NAMESPACE: 'kube-system',
      KUBERNETES_SERVICE_HOST: '10.96.0.1',
      KUBERNETES_SERVICE_PORT: '443',
    };
    const { settings, problems } = readSettings({ file: 'godwit.yaml', text, env, hostName: 'h' });
    expect(problems).toEqual([]);
    expect(settings).toMatchObject({ nodeName: 'node-a', datastore: { type: 'kubernetes' } });
    const mounted = container.volumeMounts.map(({ mountPath }: Manifest) => mountPath);
    expect(mounted).toEqual(
      expect.arrayContaining([
        settings!.stateDir,
        settings!.bird.path,
        '/run/godwit',
        '/etc/godwit',
      ]),
    );
    const volumes = spec.volumes.map(({ name }: Manifest) => name);
    expect(container.volumeMounts.map(({ name }: Manifest) => name)).toEqual(volumes);
    for (const probe of [container.livenessProbe, container.readinessProbe]) {
      const { host, port } = probe.httpGet;
      expect({ address: host, port }).toEqual(settings!.http);
    }
    expect(container.env.map(({ name }: Manifest) => name)).toEqual([
      'NODENAME',
      'CALICO_K8S_NODE_REF',
      'NAMESPACE',
    ]);
  });

  it('does not begin while somebody else has the port of BGP on this node', async () => {
    const { initContainers } = only('daemonset.yaml', 'DaemonSet').spec.template.spec;
    const [program, ...args] = initContainers[0].command;
    expect(initContainers[0].image).toBe(
      only('daemonset.yaml', 'DaemonSet').spec.template.spec.containers[0].image,
    );
    // The same line with a port that anybody may have.
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const hex = port.toString(16).toUpperCase().padStart(4, '0');
    const line = args.map((arg: string) => arg.replace(':00B3', `:${hex}`));
    // What a Debian without iproute2 has: the image is no more.
    expect(line.join(' ')).not.toMatch(/\b(ss|ip|netstat)\b /);
    const waiting = spawn(program, line, { stdio: 'ignore' });
    let over = false;
    const ended = new Promise((resolve) => waiting.on('exit', resolve)).then((code) => {
      over = true;
      return code;
    });
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(over).toBe(false);
    await new Promise((resolve) => server.close(resolve));
    expect(await ended).toBe(0);
  });

  it('lets the pod do what the unit of systemd lets the daemon do, and no more', () => {
    const unit = readFileSync(`${REPOSITORY}/config/systemd/godwitd.service`, 'utf8');
    const bounding = /^CapabilityBoundingSet=(.*)$/m.exec(unit)![1]!.split(' ');
    const { spec } = only('daemonset.yaml', 'DaemonSet').spec.template;
    const { capabilities } = spec.containers[0].securityContext;
    expect(capabilities.drop).toEqual(['ALL']);
    expect(capabilities.add.map((name: string) => `CAP_${name}`).sort()).toEqual(bounding.sort());
    expect(spec.hostNetwork).toBe(true);
  });
});
