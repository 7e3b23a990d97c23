/**
 * What the interop matrix asks of every BGP daemon, whichever it is: a configuration in our words, and sessions and
 * paths as the daemon itself tells them. One driver a daemon stands beside this file.
 */
import type { Namespace } from '../../../tools/fabric/netns.ts';
import type { NetworkLab } from '../netns.ts';

export const DAEMONS = ['bird2', 'bird1', 'gobgpd', 'frr', 'openbgpd'] as const;
export type DaemonName = (typeof DAEMONS)[number];

export type Family = 'ipv4' | 'ipv6';

/** One session as the daemon is told of it. What is absent is as the daemon has it by itself. */
export interface DaemonSession {
  readonly local: string;
  readonly remote: string;
  readonly remoteAs: number;
  readonly families: readonly Family[];
  /** Instead of the AS of the whole configuration. */
  readonly localAs?: number;
  readonly passive?: boolean;
  readonly password?: string;
  /** RFC 5082: sends TTL 255 and takes nothing less. */
  readonly gtsm?: boolean;
  /** Over so many hops at most: the TTL that is sent. */
  readonly ttl?: number;
  /** Seconds; 0 for none. */
  readonly holdTime?: number;
  /** Seconds; offers graceful restart (RFC 4724) both as restarting and as helping speaker. */
  readonly restartTime?: number;
  /** RFC 6793 switched off: a speaker of 2-octet AS numbers. */
  readonly twoOctetAs?: boolean;
  /** Says no capability at all. */
  readonly noCapabilities?: boolean;
  readonly addPath?: 'send' | 'receive';
  /** RFC 7313, where it is not there by itself. */
  readonly enhancedRefresh?: boolean;
  /** Seconds for which it asks to be remembered (RFC 9494). */
  readonly longLived?: number;
  /** The N bit of RFC 8538. */
  readonly notification?: boolean;
  /** RFC 8654. */
  readonly extendedMessages?: boolean;
  /** RFC 9234: what the daemon is to godwit. */
  readonly role?: 'provider' | 'customer' | 'peer';
  /** The other side is a client of this reflector. */
  readonly client?: boolean;
  /** Next hops are passed on as they came. */
  readonly keepNextHop?: boolean;
  /** How often the own AS may stand in a received path. */
  readonly allowOwnAs?: number;
}

/** A route of the daemon's own. */
export interface Origination {
  readonly prefix: string;
  readonly med?: number;
  readonly localPref?: number;
  /** `64601:5`; well-known ones in figures as well. */
  readonly communities?: readonly string[];
  /** `64601:1:2`. */
  readonly largeCommunities?: readonly string[];
  /** Route targets, `64601:7`. */
  readonly routeTargets?: readonly string[];
}

export interface DaemonConfig {
  readonly as: number;
  readonly routerId: string;
  readonly clusterId?: string;
  readonly sessions: readonly DaemonSession[];
  readonly originate: readonly Origination[];
}

export interface SessionSeen {
  readonly established: boolean;
  /** State and whatever the daemon says of errors, as text to look into. */
  readonly text: string;
}

/** One path as the daemon has it. */
export interface PathSeen {
  readonly best: boolean;
  readonly stale: boolean;
  /** AS numbers in their order, `64512 23456`. */
  readonly asPath: string;
  readonly nextHop: string | undefined;
  readonly med: number | undefined;
  readonly localPref: number | undefined;
  /** `64601:5`, sorted; well-known ones in figures. */
  readonly communities: readonly string[];
  readonly largeCommunities: readonly string[];
  /** `rt:64601:7`, sorted. */
  readonly extendedCommunities: readonly string[];
  readonly originatorId: string | undefined;
  readonly clusterList: readonly string[];
}

export interface StartOptions {
  /** It comes back from a restart that it announced: RFC 4724's restarting speaker. */
  readonly restarting?: boolean;
}

export interface Daemon {
  start(config: DaemonConfig, options?: StartOptions): Promise<void>;
  /** Announces these routes from now on in place of those it announced so far. */
  originate(routes: readonly Origination[]): Promise<void>;
  /** Ends all of its processes; SIGKILL leaves its peers to find out by themselves. */
  stop(signal: NodeJS.Signals): Promise<void>;
  session(remote: string): Promise<SessionSeen>;
  /** All paths for one prefix, from whomever. */
  paths(prefix: string): Promise<PathSeen[]>;
  /** Asks for the peer's routes again (RFC 2918). */
  refresh(remote: string): Promise<void>;
  /** Closes the session and says why (RFC 9003). */
  shut(remote: string, why: string): Promise<void>;
  log(): string;
}

export interface DaemonPlace {
  readonly lab: NetworkLab;
  readonly namespace: Namespace;
  readonly name: string;
}

export function familyOf(text: string): Family {
  return text.includes(':') ? 'ipv6' : 'ipv4';
}

/** `64601:5` of 32 bits. */
export function communityText(value: number): string {
  return `${value >>> 16}:${value & 0xffff}`;
}

/** The well-knowns that daemons print by name (RFC 1997, RFC 7999, RFC 8326, RFC 9494), back in figures. */
export const WELL_KNOWN: Readonly<Record<string, string>> = {
  'no-export': '65535:65281',
  'no-advertise': '65535:65282',
  'no-export-subconfed': '65535:65283',
  'local-as': '65535:65283',
  localas: '65535:65283',
  'no-peer': '65535:65284',
  nopeer: '65535:65284',
  blackhole: '65535:666',
  'graceful-shutdown': '65535:0',
  'llgr-stale': '65535:6',
  'no-llgr': '65535:7',
};

/** Words or figures, sorted, all in figures. */
export function communitiesOf(words: readonly string[]): string[] {
  return words.map((word) => WELL_KNOWN[word.toLowerCase().replaceAll('_', '-')] ?? word).sort();
}
