/**
 * What happened, for people: logs, `godwit watch`, the dashboard's timeline and tests read these same values.
 * Each carries its reason. No secrets, and peer-controlled text is already escaped.
 */

export type SpeakerEvent =
  | {
      readonly event: 'session-up';
      readonly peer: string;
      readonly address: string;
      readonly remoteAs: number;
      readonly families: readonly string[];
    }
  | {
      readonly event: 'session-down';
      readonly peer: string;
      readonly address: string;
      readonly state: string;
      readonly reason: string;
    }
  /** An attempt that never became Established failed, with its cause; repeated equal causes are counted, not repeated. */
  | {
      readonly event: 'session-refused';
      readonly peer: string;
      readonly address: string;
      readonly reason: string;
    }
  | {
      readonly event: 'unknown-caller';
      readonly address: string;
      readonly port: number;
      readonly reason: string;
    }
  | {
      readonly event: 'notification';
      readonly peer: string;
      readonly direction: 'sent' | 'received';
      readonly text: string;
    }
  | {
      readonly event: 'update-fault';
      readonly peer: string;
      readonly action: string;
      readonly attribute: string;
      readonly reason: string;
      /** Those of the UPDATE, the first of them by name. */
      readonly prefixes: string;
      /** The message itself, in hexadecimal. */
      readonly update: string;
    }
  | {
      readonly event: 'peer-added' | 'peer-removed';
      readonly peer: string;
      readonly address: string;
      readonly reason: string;
    }
  | {
      readonly event: 'peer-changed';
      readonly peer: string;
      readonly change: string;
      readonly reason: string;
    }
  | { readonly event: 'end-of-rib'; readonly peer: string; readonly family: string }
  | {
      readonly event: 'stale-swept';
      readonly peer: string;
      readonly family: string;
      readonly routes: number;
      readonly reason: string;
    }
  /** RFC 9494: stale routes are kept on beyond the restart time, as those that nobody prefers. */
  | {
      readonly event: 'stale-kept-long';
      readonly peer: string;
      readonly family: string;
      readonly routes: number;
      readonly seconds: number;
      readonly reason: string;
    }
  | {
      readonly event: 'route-restored';
      readonly prefix: string;
      readonly reason: string;
      readonly attempts: number;
    }
  | { readonly event: 'route-parked'; readonly prefix: string; readonly reason: string }
  | {
      readonly event: 'route-error';
      readonly prefix: string;
      readonly errno: string;
      readonly reason: string;
    }
  /** The kernel differed from what was known of it, and no event had said so; it is repaired. */
  | {
      readonly event: 'kernel-divergence';
      readonly prefix: string;
      readonly kind: 'missing' | 'changed' | 'unknown';
      readonly reason: string;
    }
  /** Another program undoes again and again what we write; `routes` of ours so far, written again with back-off. */
  | {
      readonly event: 'second-writer';
      readonly writer: string;
      readonly routes: number;
      readonly reason: string;
    }
  | {
      readonly event: 'kernel-overrun' | 'kernel-synced' | 'kernel-unavailable';
      readonly reason: string;
    }
  | { readonly event: 'vrf-used' | 'vrf-lost'; readonly vrf: string; readonly reason: string }
  | { readonly event: 'datastore-lost' | 'datastore-back'; readonly reason: string }
  | { readonly event: 'resource-rejected'; readonly resource: string; readonly reason: string }
  | {
      readonly event: 'plan-applied';
      readonly revision: number;
      readonly changes: number;
      readonly reason: string;
    }
  | { readonly event: 'plan-held'; readonly revision: number; readonly reason: string }
  | { readonly event: 'planner-died'; readonly reason: string; readonly seconds: number }
  | {
      readonly event: 'listener' | 'listener-failed';
      readonly local: string;
      readonly reason: string;
    }
  | {
      readonly event: 'peer-quarantined';
      readonly peer: string;
      readonly reason: string;
      readonly seconds: number;
    }
  | { readonly event: 'quarantine-ended'; readonly peer: string; readonly reason: string }
  /** Prefixes of a peer found no room in a table; all are counted, told at most once in some seconds. */
  | {
      readonly event: 'routes-refused';
      readonly peer: string;
      readonly family: string;
      readonly refused: number;
      readonly reason: string;
    }
  /** Paths that may not be used whatever import policy says; all are counted, told at most once in some seconds. */
  | {
      readonly event: 'routes-not-used';
      readonly peer: string;
      readonly family: string;
      readonly routes: number;
      readonly reason: string;
    }
  /** The node leaves, or is back (RFC 8326). */
  | { readonly event: 'drain'; readonly phase: string; readonly reason: string }
  /** A peer comes near, or goes over, the prefixes it may send; once until it is well below again. */
  | {
      readonly event: 'prefix-limit';
      readonly peer: string;
      readonly family: string;
      readonly received: number;
      readonly reason: string;
    }
  /** Of `subject`, a neighbor or a kind of event about prefixes; `count` 0 when it begins. Made by the daemon. */
  | {
      readonly event: 'events-left-out';
      readonly subject: string;
      readonly count: number;
      readonly reason: string;
    }
  | { readonly event: 'stopping'; readonly mode: string; readonly reason: string };
