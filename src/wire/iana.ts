/**
 * Code points of BGP as IANA lists them, by the names of the RFCs, and those names as text.
 *
 * Only numbers and words: what a value means is decided where it is decoded. Sources: RFC 4271, 4486, 4760,
 * 5492, 6608, 6793, 7313, 7606, 8203, 8538, 9234, 9384 and the IANA registries "BGP Parameters" and "Capability Codes".
 */

export const MessageType = {
  Open: 1,
  Update: 2,
  Notification: 3,
  Keepalive: 4,
  RouteRefresh: 5,
} as const;
export type MessageType = (typeof MessageType)[keyof typeof MessageType];

export const ErrorCode = {
  MessageHeader: 1,
  Open: 2,
  Update: 3,
  HoldTimerExpired: 4,
  Fsm: 5,
  Cease: 6,
  RouteRefresh: 7,
  SendHoldTimerExpired: 8,
} as const;
export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode];

export const MessageHeaderSubcode = {
  ConnectionNotSynchronized: 1,
  BadMessageLength: 2,
  BadMessageType: 3,
} as const;

export const OpenSubcode = {
  Unspecific: 0,
  UnsupportedVersionNumber: 1,
  BadPeerAs: 2,
  BadBgpIdentifier: 3,
  UnsupportedOptionalParameter: 4,
  AuthenticationFailure: 5, // deprecated by RFC 4271
  UnacceptableHoldTime: 6,
  UnsupportedCapability: 7,
  RoleMismatch: 11,
} as const;

export const UpdateSubcode = {
  MalformedAttributeList: 1,
  UnrecognizedWellKnownAttribute: 2,
  MissingWellKnownAttribute: 3,
  AttributeFlags: 4,
  AttributeLength: 5,
  InvalidOrigin: 6,
  AsRoutingLoop: 7, // deprecated by RFC 4271
  InvalidNextHop: 8,
  OptionalAttribute: 9,
  InvalidNetworkField: 10,
  MalformedAsPath: 11,
} as const;
export type UpdateSubcode = (typeof UpdateSubcode)[keyof typeof UpdateSubcode];

export const FsmSubcode = {
  Unspecified: 0,
  UnexpectedMessageInOpenSent: 1,
  UnexpectedMessageInOpenConfirm: 2,
  UnexpectedMessageInEstablished: 3,
} as const;

export const CeaseSubcode = {
  MaximumNumberOfPrefixesReached: 1,
  AdministrativeShutdown: 2,
  PeerDeConfigured: 3,
  AdministrativeReset: 4,
  ConnectionRejected: 5,
  OtherConfigurationChange: 6,
  ConnectionCollisionResolution: 7,
  OutOfResources: 8,
  HardReset: 9,
  BfdDown: 10,
} as const;
export type CeaseSubcode = (typeof CeaseSubcode)[keyof typeof CeaseSubcode];

export const RouteRefreshSubcode = {
  InvalidMessageLength: 1,
} as const;

/** The message subtypes of ROUTE-REFRESH (RFC 7313 §3.2). */
export const RouteRefreshSubtype = {
  Request: 0,
  BeginningOfRouteRefresh: 1,
  EndOfRouteRefresh: 2,
} as const;
export type RouteRefreshSubtype = (typeof RouteRefreshSubtype)[keyof typeof RouteRefreshSubtype];

export const AttributeType = {
  Origin: 1,
  AsPath: 2,
  NextHop: 3,
  MultiExitDisc: 4,
  LocalPref: 5,
  AtomicAggregate: 6,
  Aggregator: 7,
  Communities: 8,
  OriginatorId: 9,
  ClusterList: 10,
  MpReachNlri: 14,
  MpUnreachNlri: 15,
  ExtendedCommunities: 16,
  As4Path: 17,
  As4Aggregator: 18,
  PmsiTunnel: 22,
  TunnelEncapsulation: 23,
  Ipv6ExtendedCommunities: 25,
  Aigp: 26,
  BgpLs: 29,
  LargeCommunity: 32,
  OnlyToCustomer: 35,
  PrefixSid: 40,
} as const;
export type AttributeType = (typeof AttributeType)[keyof typeof AttributeType];

export const AttributeFlag = {
  Optional: 0x80,
  Transitive: 0x40,
  Partial: 0x20,
  ExtendedLength: 0x10,
} as const;

export const AsPathSegmentType = {
  AsSet: 1,
  AsSequence: 2,
  AsConfedSequence: 3,
  AsConfedSet: 4,
} as const;
export type AsPathSegmentType = (typeof AsPathSegmentType)[keyof typeof AsPathSegmentType];

export const OptionalParameterType = {
  Authentication: 1, // deprecated by RFC 4271
  Capabilities: 2,
  ExtendedLength: 255,
} as const;

export const CapabilityCode = {
  Multiprotocol: 1,
  RouteRefresh: 2,
  ExtendedNextHop: 5,
  ExtendedMessage: 6,
  Role: 9,
  GracefulRestart: 64,
  FourOctetAs: 65,
  AddPath: 69,
  EnhancedRouteRefresh: 70,
  LongLivedGracefulRestart: 71,
  Hostname: 73,
  SoftwareVersion: 75,
  RouteRefreshCisco: 128,
} as const;
export type CapabilityCode = (typeof CapabilityCode)[keyof typeof CapabilityCode];

/** Well-known communities as unsigned 32-bit values. */
export const WellKnownCommunity = {
  GracefulShutdown: 0xffff0000, // RFC 8326
  AcceptOwn: 0xffff0001, // RFC 7611
  LlgrStale: 0xffff0006, // RFC 9494
  NoLlgr: 0xffff0007, // RFC 9494
  Blackhole: 0xffff029a, // RFC 7999
  NoExport: 0xffffff01, // RFC 1997
  NoAdvertise: 0xffffff02, // RFC 1997
  NoExportSubconfed: 0xffffff03, // RFC 1997
  NoPeer: 0xffffff04, // RFC 3765
} as const;

/** Stands in 2-octet fields for an AS number that does not fit (RFC 6793 §9). */
export const AS_TRANS = 23456;

/** Words of each Error Code, and of each of its subcodes, for people. */
const ERROR_CODE_NAMES: Readonly<Record<number, string>> = {
  1: 'Message Header Error',
  2: 'OPEN Message Error',
  3: 'UPDATE Message Error',
  4: 'Hold Timer Expired',
  5: 'Finite State Machine Error',
  6: 'Cease',
  7: 'ROUTE-REFRESH Message Error',
  8: 'Send Hold Timer Expired',
};

const SUBCODE_NAMES: Readonly<Record<number, Readonly<Record<number, string>>>> = {
  1: { 1: 'Connection Not Synchronized', 2: 'Bad Message Length', 3: 'Bad Message Type' },
  2: {
    1: 'Unsupported Version Number',
    2: 'Bad Peer AS',
    3: 'Bad BGP Identifier',
    4: 'Unsupported Optional Parameter',
    5: 'Authentication Failure',
    6: 'Unacceptable Hold Time',
    7: 'Unsupported Capability',
    11: 'Role Mismatch',
  },
  3: {
    1: 'Malformed Attribute List',
    2: 'Unrecognized Well-known Attribute',
    3: 'Missing Well-known Attribute',
    4: 'Attribute Flags Error',
    5: 'Attribute Length Error',
    6: 'Invalid ORIGIN Attribute',
    7: 'AS Routing Loop',
    8: 'Invalid NEXT_HOP Attribute',
    9: 'Optional Attribute Error',
    10: 'Invalid Network Field',
    11: 'Malformed AS_PATH',
  },
  5: {
    1: 'Unexpected Message in OpenSent',
    2: 'Unexpected Message in OpenConfirm',
    3: 'Unexpected Message in Established',
  },
  6: {
    1: 'Maximum Number of Prefixes Reached',
    2: 'Administrative Shutdown',
    3: 'Peer De-configured',
    4: 'Administrative Reset',
    5: 'Connection Rejected',
    6: 'Other Configuration Change',
    7: 'Connection Collision Resolution',
    8: 'Out of Resources',
    9: 'Hard Reset',
    10: 'BFD Down',
  },
  7: { 1: 'Invalid Message Length' },
};

const MESSAGE_TYPE_NAMES: Readonly<Record<number, string>> = {
  1: 'OPEN',
  2: 'UPDATE',
  3: 'NOTIFICATION',
  4: 'KEEPALIVE',
  5: 'ROUTE-REFRESH',
};

const WELL_KNOWN_COMMUNITY_NAMES: ReadonlyMap<number, string> = new Map([
  [WellKnownCommunity.GracefulShutdown, 'graceful-shutdown'],
  [WellKnownCommunity.AcceptOwn, 'accept-own'],
  [WellKnownCommunity.LlgrStale, 'llgr-stale'],
  [WellKnownCommunity.NoLlgr, 'no-llgr'],
  [WellKnownCommunity.Blackhole, 'blackhole'],
  [WellKnownCommunity.NoExport, 'no-export'],
  [WellKnownCommunity.NoAdvertise, 'no-advertise'],
  [WellKnownCommunity.NoExportSubconfed, 'no-export-subconfed'],
  [WellKnownCommunity.NoPeer, 'no-peer'],
]);

export function errorCodeName(code: number): string {
  return ERROR_CODE_NAMES[code] ?? `Error Code ${code}`;
}

/** Name of a subcode; undefined for 0 where that means "unspecific". */
export function subcodeName(code: number, subcode: number): string | undefined {
  const name = SUBCODE_NAMES[code]?.[subcode];
  if (name !== undefined) return name;
  return subcode === 0 ? undefined : `Subcode ${subcode}`;
}

export function messageTypeName(type: number): string {
  return MESSAGE_TYPE_NAMES[type] ?? `TYPE-${type}`;
}

/** `no-export` and its siblings; undefined for a community that is not well-known. */
export function wellKnownCommunityName(community: number): string | undefined {
  return WELL_KNOWN_COMMUNITY_NAMES.get(community);
}
