/** calico-node's environment variables, as far as they concern BGP; what is not honoured yet is named. */

import type { ConfigError } from '../base/errors.ts';
import type { DatastoreType } from '../datastore/plan-options.ts';
import { type Prefix, parsePrefix } from '../net/prefix.ts';
import type { LogLevelName } from './log-levels.ts';

export interface Environment {
  readonly nodeName: string | undefined;
  readonly datastoreType: DatastoreType | undefined;
  readonly routerId: string | undefined;
  readonly secretNamespace: string | undefined;
  /** Of Felix's directory of endpoints; undefined = not said. */
  readonly endpointStatusPrefix: string | undefined;
  readonly usePodCidr: boolean;
  readonly kubernetesNode: string | undefined;
  readonly advertiseClusterIps: Prefix | undefined;
  readonly logLevel: LogLevelName | undefined;
  /** As they are written; `kubernetes-settings.ts` judges them. */
  readonly kubernetes: {
    readonly apiGroup: string | undefined;
    readonly kubeconfig: string | undefined;
    readonly endpoint: string | undefined;
    readonly ca: string | undefined;
    readonly cert: string | undefined;
    readonly key: string | undefined;
    readonly token: string | undefined;
    readonly insecure: boolean;
    /** Of the API, as every pod is told. */
    readonly host: string | undefined;
    readonly port: string | undefined;
  };
  /** As they are written; `datastore-settings.ts` judges them. */
  readonly etcd: {
    readonly endpoints: string | undefined;
    readonly ca: string | undefined;
    readonly cert: string | undefined;
    readonly key: string | undefined;
    readonly username: string | undefined;
    readonly password: string | undefined;
  };
}

const DATASTORES: Readonly<Record<string, DatastoreType>> = {
  etcdv3: 'etcd',
  etcd: 'etcd',
  kubernetes: 'kubernetes',
  file: 'file',
};

const LEVELS: Readonly<Record<string, LogLevelName>> = {
  debug: 'debug',
  info: 'info',
  warning: 'warn',
  error: 'error',
  fatal: 'fatal',
  panic: 'fatal',
  none: 'silent',
};

/** Understood, without effect so far: what follows from that. */
const NOT_YET: Readonly<Record<string, string>> = {
  FELIX_TYPHAADDR: 'the API is asked directly',
  FELIX_TYPHAK8SSERVICENAME: 'the API is asked directly',
  ETCD_DISCOVERY_SRV: 'members are named by ETCD_ENDPOINTS alone',
};

export function readEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  problems: ConfigError[],
): Environment {
  for (const [name, consequence] of Object.entries(NOT_YET)) {
    const value = filled(env[name]);
    if (value === undefined) continue;
    problems.push(problem('warning', name, `Not yet honoured: ${consequence}`));
  }
  return {
    nodeName: filled(env['NODENAME']),
    datastoreType: choose(
      { name: 'DATASTORE_TYPE', written: filled(env['DATASTORE_TYPE']), values: DATASTORES },
      problems,
    ),
    routerId: filled(env['CALICO_ROUTER_ID']),
    secretNamespace: filled(env['NAMESPACE']),
    endpointStatusPrefix: filled(env['CALICO_ENDPOINT_STATUS_PATH_PREFIX']),
    usePodCidr: filled(env['USE_POD_CIDR'])?.toLowerCase() === 'true',
    kubernetesNode: filled(env['CALICO_K8S_NODE_REF']),
    advertiseClusterIps: readCidr('CALICO_ADVERTISE_CLUSTER_IPS', env, problems),
    logLevel: choose(
      {
        name: 'BGP_LOGSEVERITYSCREEN',
        written: filled(env['BGP_LOGSEVERITYSCREEN']),
        values: LEVELS,
      },
      problems,
    ),
    kubernetes: readKubernetesVariables(env),
    etcd: {
      endpoints: filled(env['ETCD_ENDPOINTS']),
      ca: filled(env['ETCD_CA_CERT_FILE']),
      cert: filled(env['ETCD_CERT_FILE']),
      key: filled(env['ETCD_KEY_FILE']),
      username: filled(env['ETCD_USERNAME']),
      password: filled(env['ETCD_PASSWORD']),
    },
  };
}

function readKubernetesVariables(
  env: Readonly<Record<string, string | undefined>>,
): Environment['kubernetes'] {
  return {
    apiGroup: filled(env['CALICO_API_GROUP']),
    kubeconfig: filled(env['KUBECONFIG']),
    endpoint: filled(env['K8S_API_ENDPOINT']),
    ca: filled(env['K8S_CA_FILE']),
    cert: filled(env['K8S_CERT_FILE']),
    key: filled(env['K8S_KEY_FILE']),
    token: filled(env['K8S_API_TOKEN']),
    insecure: filled(env['K8S_INSECURE_SKIP_TLS_VERIFY'])?.toLowerCase() === 'true',
    host: filled(env['KUBERNETES_SERVICE_HOST']),
    port: filled(env['KUBERNETES_SERVICE_PORT']),
  };
}

function readCidr(
  name: string,
  env: Readonly<Record<string, string | undefined>>,
  problems: ConfigError[],
): Prefix | undefined {
  const written = filled(env[name]);
  const cidr = written?.includes('/') === true ? parsePrefix(written) : undefined;
  if (written === undefined || cidr !== undefined) return cidr;
  const remedy = 'Set it to one CIDR such as 10.96.0.0/12';
  problems.push({ ...problem('error', name, 'Not a CIDR'), value: written, remedy });
  return undefined;
}

interface Choice<T> {
  readonly name: string;
  readonly written: string | undefined;
  readonly values: Readonly<Record<string, T>>;
}

function choose<T>({ name, written, values }: Choice<T>, problems: ConfigError[]): T | undefined {
  if (written === undefined) return undefined;
  const key = written.toLowerCase();
  if (Object.hasOwn(values, key)) return values[key];
  problems.push({
    ...problem('error', name, 'Not one of the allowed values'),
    value: written,
    remedy: `Set it to one of ${Object.keys(values).join(', ')}`,
  });
  return undefined;
}

/** An empty variable is an unset one, as shells and manifests have it. */
function filled(value: string | undefined): string | undefined {
  return value === undefined || value === '' ? undefined : value;
}

function problem(severity: 'error' | 'warning', name: string, message: string): ConfigError {
  const code = severity === 'error' ? 'BadValue' : 'NotYetHonoured';
  return { kind: 'ConfigError', severity, code, path: `$${name}`, message };
}
