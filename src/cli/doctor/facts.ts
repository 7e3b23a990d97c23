/** What `godwit doctor` looks at: gathered once, then judged by functions that touch nothing. */

import type {
  KernelRouteMessage,
  NeighborMessage,
  ProblemMessage,
  StatusMessage,
} from '../../api/messages.ts';

export interface Facts {
  readonly host: HostFacts;
  /** A sentence where the daemon does not answer. */
  readonly daemon: DaemonFacts | string;
}

export interface DaemonFacts {
  readonly status: StatusMessage;
  readonly neighbors: readonly NeighborMessage[];
  readonly problems: readonly ProblemMessage[];
  /** Only those that are not as wished. */
  readonly routes: readonly KernelRouteMessage[];
  /** What came of calling neighbors that are to call us and do not, by address. */
  readonly calls: ReadonlyMap<string, CallOutcome>;
  /** Hardware addresses of others that say on the link that they have an address; asked of few. */
  readonly stations: ReadonlyMap<string, readonly string[]>;
}

/** `open`: somebody listens there. Others are the names of errno, or `ETIMEDOUT` where nobody answers. */
export type CallOutcome = 'open' | 'ECONNREFUSED' | 'ETIMEDOUT' | 'EHOSTUNREACH' | (string & {});

export interface HostFacts {
  /** By dotted name; absent where the kernel has no such setting. */
  readonly sysctl: ReadonlyMap<string, string>;
  readonly links: readonly LinkFacts[];
  /** Of this process; empty where it is not known. */
  readonly networkNamespace: string;
  /** Whether somebody keeps the clock right; undefined where the kernel does not say. */
  readonly clockIsSet: boolean | undefined;
  /** Names of programs that speak BGP, in this network namespace. */
  readonly speakers: readonly string[];
  /** Programs that manage the network and may take away routes that are not theirs. */
  readonly networkd: 'absent' | 'keeps-foreign-routes' | 'flushes-foreign-routes';
  readonly nodeVersion: string;
  readonly kernelRelease: string;
  readonly now: Date;
}

export interface LinkFacts {
  readonly name: string;
  readonly mtu: number;
  readonly up: boolean;
  /** Also while it is down. */
  readonly addresses: readonly string[];
  /** Those that another machine had before (IPv6, RFC 4862 §5.4): the kernel does not use them. */
  readonly duplicates?: readonly string[];
}

/** One thing that is wrong, or may become so. */
export interface Finding {
  /** Stable, for scripts. */
  readonly code: string;
  /** `broken`: something does not work for it now. `risk`: it works and will not under some condition. */
  readonly grade: 'broken' | 'risk';
  /** How likely it is the cause of the others: what stands first is to be mended first. 0 to 100. */
  readonly weight: number;
  readonly what: string;
  readonly remedy: string;
}
