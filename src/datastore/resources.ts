/**
 * Calico's resources as godwit uses them: checked, canonical, defaults not yet applied.
 *
 * Behind `validate.ts` there are no malformed values: addresses and prefixes are canonical, AS numbers are plain
 * numbers, durations are whole seconds, selectors are parsed. A field that was not written is undefined.
 * @see https://docs.tigera.io/calico/latest/reference/resources
 */

import type { AfiSafi } from '../net/afi-safi.ts';
import type { IpAddress } from '../net/ip-address.ts';
import type { Prefix } from '../net/prefix.ts';
import type { NodePath } from './node-setting-fields.ts';
import type { Selector } from './selector.ts';
import type { RemoteAs, SettingValue } from './setting-field.ts';
import type { SessionKind, SettingPath } from './setting-fields.ts';

/** Everything of one snapshot, by name. Iteration order carries no meaning: `plan.ts` sorts. */
export interface Resources {
  readonly nodes: ReadonlyMap<string, NodeResource>;
  /** `default` and `node.<name>`. */
  readonly bgpConfigurations: ReadonlyMap<string, BgpConfigurationResource>;
  readonly bgpPeers: ReadonlyMap<string, BgpPeerResource>;
  readonly bgpFilters: ReadonlyMap<string, BgpFilterResource>;
  readonly ipPools: ReadonlyMap<string, IpPoolResource>;
  readonly blockAffinities: ReadonlyMap<string, BlockAffinityResource>;
  /** By `namespace/name`. */
  readonly secrets: ReadonlyMap<string, SecretResource>;
  readonly localWorkloads: ReadonlyMap<string, LocalWorkloadResource>;
  /** By `namespace/name`. */
  readonly services: ReadonlyMap<string, ServiceResource>;
  /** By `namespace/name`. */
  readonly endpointSlices: ReadonlyMap<string, EndpointSliceResource>;
  readonly clusterInformation: ClusterInformationResource | undefined;
  readonly peerProfiles: ReadonlyMap<string, PeerProfileResource>;
  readonly nodeStatuses: ReadonlyMap<string, NodeStatusResource>;
}

export interface NodeResource {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly asNumber: number | undefined;
  readonly ipv4: NodeAddress | undefined;
  readonly ipv6: NodeAddress | undefined;
  readonly routeReflectorClusterId: IpAddress | undefined;
  /** Of the IP-in-IP device. */
  readonly tunnelAddress?: IpAddress;
  /** Address of its WireGuard device, by family. */
  readonly wireguard: {
    readonly ipv4: IpAddress | undefined;
    readonly ipv6: IpAddress | undefined;
  };
  /** Blocks given by Kubernetes; they count with USE_POD_CIDR (calico model 1.6). */
  readonly podCidrs: readonly Prefix[];
  /** Its name in Kubernetes, where that is said (`spec.orchRefs`). */
  readonly kubernetesName: string | undefined;
}

export interface NodeAddress {
  readonly address: IpAddress;
  /** Host prefix when the address was written without a length. */
  readonly network: Prefix;
}

export type LogLevel = 'debug' | 'info' | 'warning' | 'error' | 'none';
export type ClusterRoutes = 'Enabled' | 'Disabled' | 'EnabledIPIPOnly' | 'EnabledNoEncapOnly';

export interface BgpConfigurationResource {
  readonly name: string;
  readonly logLevel: LogLevel | undefined;
  readonly nodeToNodeMeshEnabled: boolean | undefined;
  readonly asNumber: number | undefined;
  readonly listenPort: number | undefined;
  readonly bindMode: 'None' | 'NodeIP' | undefined;
  readonly programClusterRoutes: ClusterRoutes | undefined;
  readonly ipv4NormalRoutePriority: number | undefined;
  readonly ipv6NormalRoutePriority: number | undefined;
  readonly nodeMeshPassword: SecretKeyRef | undefined;
  readonly nodeMeshMaxRestartTime: number | undefined;
  /** Shell patterns of interfaces whose subnets are never announced. */
  readonly ignoredInterfaces: readonly string[];
  readonly serviceClusterIps: readonly Prefix[];
  readonly serviceExternalIps: readonly Prefix[];
  readonly serviceLoadBalancerIps: readonly Prefix[];
  readonly serviceLoadBalancerAggregation: 'Enabled' | 'Disabled' | undefined;
  /** Undefined when the field was not written: the global list is then in force on a node. */
  readonly prefixAdvertisements: readonly PrefixAdvertisement[] | undefined;
}

export interface PrefixAdvertisement {
  readonly cidr: Prefix;
  /** Names resolved, sorted, without duplicates. */
  readonly communities: readonly Community[];
}

export type Community =
  | { readonly kind: 'standard'; readonly value: number }
  | { readonly kind: 'large'; readonly value: readonly [number, number, number] };

export interface SecretKeyRef {
  readonly name: string;
  readonly key: string;
}

export interface BgpPeerResource {
  readonly name: string;
  /** For the `peerSelector` of a PeerProfile. */
  readonly labels: Readonly<Record<string, string>>;
  /** Local side: this node; exclusive with `nodeSelector`; neither = every node. */
  readonly node: string | undefined;
  readonly nodeSelector: Selector | undefined;
  /** Remote side: an address, nodes, or workloads; exactly one is set. */
  readonly peerIp: { readonly address: IpAddress; readonly port: number | undefined } | undefined;
  readonly peerSelector: Selector | undefined;
  readonly localWorkload: boolean;
  readonly asNumber: number | undefined;
  readonly localAsNumber: number | undefined;
  readonly reversePeering: 'Auto' | 'Manual';
  readonly nextHopMode: 'Auto' | 'Self' | 'Keep' | undefined;
  readonly keepOriginalNextHop: boolean;
  readonly password: SecretKeyRef | undefined;
  readonly sourceAddress: 'UseNodeIP' | 'None';
  readonly maxRestartTime: number | undefined;
  readonly keepaliveTime: number | undefined;
  readonly numAllowedLocalAsNumbers: number;
  /** Hops; 0 = off. */
  readonly ttlSecurity: number;
  readonly reachableBy: IpAddress | undefined;
  readonly filters: readonly string[];
}

export interface BgpFilterResource {
  readonly name: string;
  readonly importV4: readonly FilterRule[];
  readonly exportV4: readonly FilterRule[];
  readonly importV6: readonly FilterRule[];
  readonly exportV6: readonly FilterRule[];
}

export interface FilterRule {
  readonly action: 'Accept' | 'Reject';
  readonly match: FilterMatch | undefined;
  readonly remotePeersOnly: boolean;
  readonly interfacePattern: string | undefined;
  readonly peerType: 'ebgp' | 'ibgp' | undefined;
  readonly community: Community | undefined;
  readonly asPathPrefix: readonly number[] | undefined;
  /** Route priority (kernel metric); LOCAL_PREF is 2147483647 minus this. */
  readonly priority: number | undefined;
  readonly operations: readonly FilterOperation[];
}

export interface FilterMatch {
  readonly operator: 'equal' | 'notEqual' | 'in' | 'notIn';
  readonly cidr: Prefix;
  readonly lengths: { readonly min: number; readonly max: number } | undefined;
}

export type FilterOperation =
  | { readonly kind: 'addCommunity'; readonly community: Community }
  | { readonly kind: 'prependAsPath'; readonly asns: readonly number[] }
  | { readonly kind: 'setPriority'; readonly priority: number };

export type EncapMode = 'Never' | 'Always' | 'CrossSubnet';

export interface IpPoolResource {
  readonly name: string;
  readonly cidr: Prefix;
  readonly ipipMode: EncapMode;
  readonly vxlanMode: EncapMode;
  readonly disableBgpExport: boolean;
  readonly blockSize: number;
}

export interface BlockAffinityResource {
  readonly name: string;
  readonly state: 'confirmed' | 'pending' | 'pendingDeletion';
  readonly node: string;
  readonly type: 'host' | 'virtual';
  readonly cidr: Prefix;
  readonly deleted: boolean;
}

export interface ClusterInformationResource {
  readonly name: string;
  /** e.g. `v3.32.1`. */
  readonly calicoVersion: string | undefined;
}

export interface SecretResource {
  readonly name: string;
  readonly namespace: string;
  /** Decoded values by key. Never logged. */
  readonly data: Readonly<Record<string, string>>;
}

/** Our own kind (`godwit.dev/v1`): what Calico's resources cannot say. @see docs/decisions/0017-peer-profiles.md */
export interface PeerProfileResource {
  readonly name: string;
  /** Of several profiles that say the same setting the lowest counts; of equal ones the first by name. */
  readonly order: number;
  /** Nodes on which it counts; undefined = all. */
  readonly nodeSelector: Selector | undefined;
  readonly sessions: SessionSelection;
  /** What was written, and nothing else, by its path. */
  readonly settings: Readonly<Partial<Record<SettingPath, SettingValue>>>;
  readonly node: Readonly<Partial<Record<NodePath, SettingValue>>>;
  readonly listenRanges: readonly ListenRangeResource[];
}

/** All that is written must hold; a list holds when one of its entries does. */
export interface SessionSelection {
  readonly kinds: readonly SessionKind[] | undefined;
  /** Names of BGPPeers. */
  readonly peers: readonly string[] | undefined;
  /** On the labels of the BGPPeer. */
  readonly peerSelector: Selector | undefined;
  readonly asNumbers: readonly RemoteAs[] | undefined;
  readonly prefixes: readonly Prefix[] | undefined;
}

export interface ListenRangeResource {
  readonly prefix: Prefix;
  readonly asNumber: RemoteAs;
  readonly families: readonly AfiSafi[] | undefined;
  readonly peersMax: number;
  /** New peers a minute. */
  readonly rateMax: number;
  /** Hops; 0 = not looked at. */
  readonly ttlSecurity: number;
  /** Seconds. */
  readonly maxRestartTime: number | undefined;
  readonly password: SecretKeyRef | undefined;
  readonly filters: readonly string[];
}

export type StatusClass = 'Agent' | 'BGP' | 'Routes';

/** CalicoNodeStatus: what somebody wants to know of a node. */
export interface NodeStatusResource {
  readonly name: string;
  readonly node: string;
  readonly classes: readonly StatusClass[];
  /** 0: once. */
  readonly periodSeconds: number;
}

export interface ServiceResource {
  readonly name: string;
  readonly namespace: string;
  readonly type: string;
  readonly clusterIps: readonly IpAddress[];
  /** `clusterIP` is `None` or empty. */
  readonly headless: boolean;
  readonly externalIps: readonly IpAddress[];
  /** Of `status.loadBalancer.ingress`. */
  readonly ingressIps: readonly IpAddress[];
  /** Of `spec.loadBalancerIP`: asked for, not necessarily given. */
  readonly loadBalancerIp: IpAddress | undefined;
  readonly externalTrafficPolicy: 'Cluster' | 'Local' | undefined;
  readonly families: readonly (4 | 6)[];
}

export interface LocalWorkloadResource {
  readonly name: string;
  /** Name of the BGPPeer that it peers by; undefined: of none. */
  readonly peer: string | undefined;
  readonly ipv4: IpAddress | undefined;
  readonly ipv6: IpAddress | undefined;
}

export interface EndpointSliceResource {
  readonly name: string;
  readonly namespace: string;
  /** Name of its Service, in the same namespace. */
  readonly service: string | undefined;
  /** Undefined: of host names. */
  readonly family: 4 | 6 | undefined;
  /** Some endpoint is not said to be unready. */
  readonly ready: boolean;
  /** Kubernetes' names of the nodes with such endpoints. */
  readonly readyNodes: ReadonlySet<string>;
}
