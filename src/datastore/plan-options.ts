/** What the plan depends on beside the resources: the daemon's own file and the kind of datastore. */

import type { ConfigError } from '../base/errors.ts';
import type { RouteExtras } from '../fib/kernel-rules.ts';
import type { Prefix } from '../net/prefix.ts';
import type { SpeakerPlan } from './plan-types.ts';

export type CalicoCompat = 'auto' | 'v3.31' | 'v3.32' | 'v3.33';
/** How far peers outside the cluster are trusted; see docs/decisions/0007-policy-outside.md. */
export type OutsidePolicy = 'calico' | 'least-privilege';
export type DatastoreType = 'file' | 'etcd' | 'kubernetes';

export interface PlanOptions {
  readonly datastore: DatastoreType;
  readonly compat: CalicoCompat;
  /** `auto` of godwit.yaml already resolved by `outsidePolicyFor`. */
  readonly outside: OutsidePolicy;
  /** As in `KernelRules`. */
  readonly table: number;
  readonly vrf?: string;
  readonly tunnelDevice: string;
  /** `kernel.preferredSource` and `kernel.routeMtu`, where set. */
  readonly routeExtras?: RouteExtras;
  /** Whether the tunnel device is ours to make; `auto` of godwit.yaml already resolved by `managesTunnel`. */
  readonly manageTunnel?: boolean;
  /** CALICO_ROUTER_ID: an address, or `hash`; undefined = the node's IPv4 address, or `hash` without one. */
  readonly routerId?: string;
  /** Namespace of password Secrets (NAMESPACE); default `kube-system`. */
  readonly secretNamespace?: string;
  /** This node's name in Kubernetes, as endpoints have it (CALICO_K8S_NODE_REF); default: what its Node says. */
  readonly kubernetesNode?: string;
  /** Blocks are the Node's podCIDRs, not BlockAffinities (USE_POD_CIDR). */
  readonly usePodCidr?: boolean;
  /** In place of serviceClusterIPs (CALICO_ADVERTISE_CLUSTER_IPS). */
  readonly advertiseClusterIps?: Prefix;
}

export interface PlanResult {
  /** Undefined when there is nothing to be done without guessing, e.g. the own Node is missing. */
  readonly plan?: SpeakerPlan;
  /** Errors and warnings; they never hide each other. */
  readonly problems: readonly ConfigError[];
}

/** DESIGN 2: `auto` is Calico's behaviour in Calico's datastores and least privilege with files. */
export function outsidePolicyFor(
  setting: 'auto' | OutsidePolicy,
  datastore: DatastoreType,
): OutsidePolicy {
  if (setting !== 'auto') return setting;
  return datastore === 'file' ? 'least-privilege' : 'calico';
}

/** `auto`: with files there is no Calico, and so no Felix to make the device (decision 0022). */
export function managesTunnel(setting: 'auto' | boolean, datastore: DatastoreType): boolean {
  return setting === 'auto' ? datastore === 'file' : setting;
}
