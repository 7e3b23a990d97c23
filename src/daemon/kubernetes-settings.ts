/**
 * Where the Kubernetes API is: a kubeconfig, what calico-node's `K8S_*` variables say, or the service account of the pod
 * that we are. @see calico model 0
 */

import type { Fields } from '../datastore/fields.ts';
import type { CalicoGroup } from '../io/datastores/kubernetes-kinds.ts';
import type { KubernetesAccess } from '../io/kubernetes-access.ts';
import type { Environment } from './environment.ts';
import { readPath } from './setting-readers.ts';

const GROUPS: readonly CalicoGroup[] = ['crd.projectcalico.org/v1', 'projectcalico.org/v3'];

/** Where Kubernetes puts what a pod knows itself by. */
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

export function readKubernetes(
  fields: Fields,
  { kubernetes }: Environment,
): { readonly access: KubernetesAccess; readonly apiGroup: CalicoGroup | undefined } {
  const group = fields.oneOf('apiGroup', ['auto', ...GROUPS]);
  const apiGroup = group ?? readGroup(fields, kubernetes.apiGroup) ?? 'auto';
  const kubeconfig = readPath(fields, 'kubeconfig') ?? kubernetes.kubeconfig;
  return {
    access: readAccess(fields, kubernetes, kubeconfig),
    apiGroup: apiGroup === 'auto' ? undefined : apiGroup,
  };
}

function readAccess(
  fields: Fields,
  kubernetes: Environment['kubernetes'],
  kubeconfig: string | undefined,
): KubernetesAccess {
  if (kubeconfig !== undefined) return { kubeconfig };
  const { endpoint, ca, cert, key, token, host, port } = kubernetes;
  if (endpoint !== undefined) {
    return {
      server: endpoint,
      ...(ca === undefined ? {} : { caFile: ca }),
      ...(cert === undefined ? {} : { certFile: cert }),
      ...(key === undefined ? {} : { keyFile: key }),
      ...(token === undefined ? {} : { token }),
      ...(kubernetes.insecure ? { insecure: true } : {}),
    };
  }
  if (host === undefined || port === undefined) {
    fields.report('kubeconfig', {
      code: 'Missing',
      message: 'Not in a pod of Kubernetes, and no kubeconfig is named',
      remedy: 'Write kubeconfig: /etc/godwit/kubeconfig, or set KUBECONFIG',
    });
    return { kubeconfig: '' };
  }
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    caFile: `${SERVICE_ACCOUNT}/ca.crt`,
    tokenFile: `${SERVICE_ACCOUNT}/token`,
  };
}

function readGroup(fields: Fields, written: string | undefined): CalicoGroup | undefined {
  if (written === undefined) return undefined;
  const group = GROUPS.find((one) => one === written);
  if (group !== undefined) return group;
  fields.report('apiGroup', {
    code: 'BadValue',
    message: 'CALICO_API_GROUP names no group of Calico',
    remedy: `Set it to ${GROUPS.join(' or ')}`,
    value: written,
  });
  return undefined;
}
