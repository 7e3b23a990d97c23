/**
 * What decides how a chosen route is written to the kernel: pools and who owns their class, the tunnel device, the
 * own subnet, metrics. Computed by `datastore/plan.ts` from Calico's resources; used by `fib/` alone.
 *
 * @see the resources IPPool, BGPConfiguration.programClusterRoutes, Node.spec.bgp
 */

import type { IpAddress } from '../net/ip-address.ts';
import type { Prefix } from '../net/prefix.ts';

export interface KernelRules {
  /** Routing table, 254 = main. With `vrf`: the one that it must have, 0 = whichever it has. */
  readonly table: number;
  /** `kernel.vrf`: the node's links, sessions and routes are those of this VRF. */
  readonly vrf?: string;
  readonly tunnelDevice: string;
  /** Present where the device is ours to make, raise and address (`kernel.manageTunnel`). */
  readonly tunnel?: {
    /** Its own address, `Node.spec.bgp.ipv4IPIPTunnelAddr`. */
    readonly address?: IpAddress;
    /** The node's own address: the link that has it carries the tunnel, and decides the MTU. */
    readonly underlay?: IpAddress;
  };
  /** Subnet of the own address by family: decides CrossSubnet; undefined = unknown. */
  readonly ownSubnet: { readonly ipv4?: Prefix; readonly ipv6?: Prefix };
  /** Longest match decides. */
  readonly pools: readonly PoolRule[];
  /** Prefixes never programmed (service CIDRs). */
  readonly rejected: readonly Prefix[];
  /** Addresses of other nodes reached by WireGuard from this one: routes through them are Felix's (calico model 3.9). */
  readonly wireguard?: readonly IpAddress[];
  /** Metric for a BGP route without one: `priority` maps LOCAL_PREF to metric, `none` writes no metric (Calico ≤ v3.31). */
  readonly metric:
    | {
        readonly mode: 'priority';
        readonly normal: { readonly ipv4: number; readonly ipv6: number };
      }
    | { readonly mode: 'none' };
  /** What every route through a next hop gets beside it; nothing in Calico (calico model 3.9). */
  readonly extras?: RouteExtras;
  /** Hold back writes for tunnelled pools until the owner is known (no ClusterInformation in an etcd/kubernetes store). */
  readonly holdTunnelled?: string;
}

/** `ip route`'s `src` and `mtu`, of `kernel.preferredSource` and `kernel.routeMtu`. */
export interface RouteExtras {
  /** An address of this node: what its own connections come from. */
  readonly ipv4Source?: IpAddress;
  readonly ipv6Source?: IpAddress;
  /** Octets. */
  readonly mtu?: number;
}

export interface PoolRule {
  readonly cidr: Prefix;
  readonly name: string;
  /** `direct` underlay; `tunnel` always; `cross-subnet` tunnel outside the own subnet; `foreign` another program (Felix) owns it. */
  readonly programming: 'direct' | 'tunnel' | 'cross-subnet' | 'foreign';
  /** Why `foreign`, for people. */
  readonly reason?: string;
}
