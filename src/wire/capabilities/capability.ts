/**
 * Capabilities of an OPEN as values (RFC 5492), one variant for each code that godwit reads.
 *
 * Reading a capability promises nothing: what we do with it is decided in `fsm/`. One that is not understood or not
 * well-formed is kept as `unknown`, and the session goes on without it.
 */
export type AddPathMode = 'receive' | 'send' | 'both';
export type RoleName = 'provider' | 'rs' | 'rs-client' | 'customer' | 'peer';

/** Code points as sent; families that godwit does not speak are kept too. */
export interface CapabilityFamily {
  readonly afi: number;
  readonly safi: number;
}

/** RFC 4760 §8. */
export interface MultiprotocolCapability extends CapabilityFamily {
  readonly kind: 'multiprotocol';
}

/** RFC 2918 §2. `cisco` is code 128, which old Cisco systems send; never sent by us. */
export interface RouteRefreshCapability {
  readonly kind: 'routeRefresh';
  readonly cisco?: true;
}

/** RFC 6793 §3. */
export interface FourOctetAsCapability {
  readonly kind: 'fourOctetAs';
  readonly asn: number;
}

/** RFC 7911 §4; the mode is what the sender of the OPEN does. */
export interface AddPathCapability {
  readonly kind: 'addPath';
  readonly families: readonly (CapabilityFamily & { readonly mode: AddPathMode })[];
}

/** RFC 4724 §3; `notification` is the N bit of RFC 8538 §2. */
export interface GracefulRestartCapability {
  readonly kind: 'gracefulRestart';
  readonly restarting: boolean;
  readonly notification: boolean;
  /** Seconds, 0–4095. */
  readonly restartTime: number;
  readonly families: readonly (CapabilityFamily & { readonly forwarding: boolean })[];
}

/** RFC 9494 §3.1. */
export interface LongLivedGracefulRestartCapability {
  readonly kind: 'longLivedGracefulRestart';
  readonly families: readonly (CapabilityFamily & {
    readonly forwarding: boolean;
    /** Seconds, 24 bits. */
    readonly staleTime: number;
  })[];
}

/** RFC 8654 §3. */
export interface ExtendedMessageCapability {
  readonly kind: 'extendedMessage';
}

/** RFC 7313 §3.1. */
export interface EnhancedRouteRefreshCapability {
  readonly kind: 'enhancedRouteRefresh';
}

/** RFC 8950 §4. */
export interface ExtendedNextHopCapability {
  readonly kind: 'extendedNextHop';
  readonly entries: readonly (CapabilityFamily & { readonly nextHopAfi: number })[];
}

/** RFC 9234 §4.1. */
export interface RoleCapability {
  readonly kind: 'role';
  readonly role: RoleName;
}

/** draft-walton-bgp-hostname-capability. Escaped text. */
export interface HostnameCapability {
  readonly kind: 'hostname';
  readonly host: string;
  readonly domain: string;
}

/** draft-ietf-idr-software-version. Escaped text. */
export interface SoftwareVersionCapability {
  readonly kind: 'softwareVersion';
  readonly version: string;
}

export interface UnknownCapability {
  readonly kind: 'unknown';
  readonly code: number;
  readonly value: Uint8Array;
  /** Why a code that godwit knows could not be used; absent for a code that it does not know. */
  readonly reason?: string;
}

export type Capability =
  | MultiprotocolCapability
  | RouteRefreshCapability
  | FourOctetAsCapability
  | AddPathCapability
  | GracefulRestartCapability
  | LongLivedGracefulRestartCapability
  | ExtendedMessageCapability
  | EnhancedRouteRefreshCapability
  | ExtendedNextHopCapability
  | RoleCapability
  | HostnameCapability
  | SoftwareVersionCapability
  | UnknownCapability;

export type CapabilityKind = Capability['kind'];
