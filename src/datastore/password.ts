/** The TCP-MD5 key that a resource names, or why there is none. Values never get into a message. */

import type { Cluster } from './cluster.ts';
import type { PeerPlan } from './plan-types.ts';
import type { SecretKeyRef } from './resources.ts';

export const DEFAULT_SECRET_NAMESPACE = 'kube-system';

/** Longest TCP-MD5 key the kernel takes (TCP_MD5SIG_MAXKEYLEN). */
const PASSWORD_OCTETS_MAX = 80;

/** A missing Secret holds the session down; Calico would run it unauthenticated (DESIGN 2). */
export function readPassword(
  cluster: Cluster,
  reference: SecretKeyRef | undefined,
  at: { readonly resource: string; readonly path: string },
): PeerPlan['password'] {
  if (reference === undefined) return undefined;
  const namespace = cluster.options.secretNamespace ?? DEFAULT_SECRET_NAMESPACE;
  const secret = cluster.resources.secrets.get(`${namespace}/${reference.name}`);
  const value = secret === undefined ? undefined : secret.data[reference.key];
  if (value !== undefined && value !== '' && Buffer.byteLength(value) <= PASSWORD_OCTETS_MAX) {
    return { value };
  }
  const missing = whyNoPassword(reference, namespace, { found: secret !== undefined, value });
  const { resource, path } = at;
  const known = cluster.problems.some(
    (problem) =>
      problem.resource === resource && problem.path === path && problem.code === 'MissingSecret',
  );
  if (!known) {
    cluster.problems.push({
      kind: 'ConfigError',
      severity: 'error',
      code: 'MissingSecret',
      resource,
      path,
      message: `No usable password in ${missing}: the sessions are held down, not run without one`,
      remedy: `Create Secret/${namespace}/${reference.name} with the key ${reference.key}`,
    });
  }
  return { missing };
}

function whyNoPassword(
  reference: SecretKeyRef,
  namespace: string,
  state: { readonly found: boolean; readonly value: string | undefined },
): string {
  const name = `Secret/${namespace}/${reference.name}`;
  if (!state.found) return `${name} (it does not exist)`;
  if (state.value === undefined) return `${name} (it has no key ${reference.key})`;
  if (state.value === '') return `${name} (its ${reference.key} is empty)`;
  return `${name} (its ${reference.key} is longer than ${PASSWORD_OCTETS_MAX} octets)`;
}
