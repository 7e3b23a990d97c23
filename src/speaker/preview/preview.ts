/**
 * What a proposed plan would do to the live tables: paths and prefixes that peers gain and lose, and kernel routes that
 * come, change and go. Nothing is changed by asking.
 *
 * Prefix by prefix, some at a time, so that whoever asks never holds the loop: the new import policies are run over what
 * peers have sent, the decision is made among what they leave, the new export policies and kernel rules over what is
 * chosen. What is not looked at: what peers that would be added are going to send.
 */

import type { OriginatedPrefix } from '../../datastore/plan-types.ts';
import type { AfiSafi } from '../../net/afi-safi.ts';
import { AFI_SAFIS, afiSafiOfIpFamily, factsOf } from '../../net/afi-safi.ts';
import { ipToOctets } from '../../net/ip-address.ts';
import { type Prefix, prefixAddress, prefixFamily, prefixLength } from '../../net/prefix.ts';
import type { PrefixId } from '../../net/prefix-table.ts';
import { ExportFilter } from '../../rib/export-filter.ts';
import type { PeerId } from '../../rib/ids.ts';
import type { Rib } from '../../rib/rib.ts';
import type { ExportConfig } from '../../rib/rib-config.ts';
import { EMPTY_ATTRIBUTES, encodeAttributes } from '../../wire/attributes/codec.ts';
import type { Core } from '../core.ts';
import { Chooser, type Chosen } from './choice.ts';
import { KernelOutlook } from './kernel.ts';
import { type Audience, type Outlook, outlookOf, type PeerOutlook } from './peers.ts';
import { diffSummary } from './sessions.ts';
import {
  addDifferences,
  countDifference,
  type Difference,
  type PeerForecast,
  type PlanForecast,
  type PreviewRun,
  type Proposal,
} from './types.ts';

/** Prefixes looked at in one call at most. */
export const PREVIEW_PREFIXES_MAX = 256;

/** In the first call: code that nobody has asked for before is twenty times slower. Doubled from call to call. */
export const PREVIEW_PREFIXES_FIRST = 16;

/** Runs of a policy in one call at most, some 0.5 µs each: two hundred peers may have a policy each. */
const POLICY_RUNS_MAX = 4096;

export class PlanPreview implements PreviewRun {
  readonly #core: Core;
  readonly #proposal: Proposal;
  readonly #kernel: KernelOutlook;
  readonly #families: FamilyPreview[];
  readonly #established: ReadonlySet<string>;

  constructor(core: Core, proposal: Proposal) {
    this.#core = core;
    this.#proposal = proposal;
    this.#kernel = new KernelOutlook(core, proposal);
    const origins = originsOf(proposal);
    this.#families = AFI_SAFIS.map(
      (family) => new FamilyPreview(core, { family, proposal, origins, kernel: this.#kernel }),
    );
    const up = [...core.peers.values()].filter((peer) => peer.negotiated !== undefined);
    this.#established = new Set(up.map((peer) => peer.plan.name));
  }

  /** One slice. Undefined at the end; a sentence when the question has become void. */
  next(): 'more' | 'done' | 'void' {
    const { planRevision, planWork } = this.#core;
    if (planRevision !== this.#proposal.revision || planWork !== undefined) return 'void';
    return this.#families.some((family) => family.next()) ? 'more' : 'done';
  }

  result(): PlanForecast {
    const { changes } = this.#proposal;
    const peers = this.#families.flatMap((family) => family.peers());
    return {
      ...diffSummary(changes, this.#established),
      peers: peers.sort((a, b) => (a.name < b.name ? -1 : 1)),
      kernel: this.#kernel.forecast,
    };
  }
}

/** By `prefix source`: present = comes or changes, undefined = goes. */
function originsOf({ changes }: Proposal): Map<string, OriginatedPrefix | undefined> {
  const origins = new Map<string, OriginatedPrefix | undefined>();
  for (const change of changes) {
    if (change.change !== 'originate' && change.change !== 'withdraw') continue;
    const { prefix, source } = change.originated;
    const coming = change.change === 'originate' ? change.originated : undefined;
    origins.set(`${prefix} ${source}`, coming);
  }
  return origins;
}

interface FamilyParts {
  readonly family: AfiSafi;
  readonly proposal: Proposal;
  readonly origins: ReadonlyMap<string, OriginatedPrefix | undefined>;
  readonly kernel: KernelOutlook;
}

interface Filters extends Audience {
  readonly wasTold: ExportFilter | undefined;
  readonly isTold: ExportFilter | undefined;
  /** What it is told does not depend on what is chosen alone: its policy changes, or it comes or goes. */
  readonly changes: boolean;
  readonly byId: ReadonlyMap<PeerId, PeerOutlook>;
}

class FamilyPreview {
  readonly #core: Core;
  readonly #rib: Rib;
  readonly #parts: FamilyParts;
  readonly #emptySet: Uint8Array;
  /** Until all peers have been looked at. */
  #looking: Iterator<undefined, Outlook> | undefined;
  #outlook: Outlook = { peers: [], audiences: [] };
  #chooser: Chooser | undefined;
  #audiences: readonly Filters[] = [];
  /** Next PrefixId; 0 = all have been looked at. */
  #at = 1;
  /** Prefixes of the next call. */
  #size = PREVIEW_PREFIXES_FIRST;
  #sizeMax = PREVIEW_PREFIXES_MAX;

  constructor(core: Core, parts: FamilyParts) {
    const { family, proposal } = parts;
    this.#core = core;
    this.#rib = core.ribs[family];
    this.#parts = parts;
    this.#emptySet = encodeAttributes(EMPTY_ATTRIBUTES, family);
    this.#looking = outlookOf(core, proposal, family);
  }

  /** Those for which something changes. */
  peers(): PeerForecast[] {
    const advertised = new Map<PeerOutlook, Difference>();
    for (const { members, told } of this.#audiences) {
      for (const member of members) advertised.set(member, addDifferences(told, member.advertised));
    }
    return this.#outlook.peers.flatMap((peer) => {
      const { name, address, received } = peer;
      const told = advertised.get(peer) ?? peer.advertised;
      const all = received.gained + received.lost + told.gained + told.lost;
      return all === 0 ? [] : [{ name, address, received, advertised: told }];
    });
  }

  /** Looks at some peers or prefixes. @returns whether more are left. */
  next(): boolean {
    if (this.#looking !== undefined) {
      const { value, done } = this.#looking.next();
      if (done === true) this.#begin(value);
      return true;
    }
    if (this.#at === 0) return false;
    const { prefixes } = this.#rib;
    const end = Math.min(this.#at + this.#size, prefixes.top + 1);
    this.#size = Math.min(this.#size * 2, this.#sizeMax);
    for (let id = this.#at; id < end; id++) if (prefixes.isLive(id)) this.#look(id);
    if (end <= prefixes.top) {
      this.#at = end;
      return true;
    }
    this.#at = 0;
    for (const origin of this.#parts.origins.values()) if (origin !== undefined) this.#add(origin);
    return false;
  }

  #begin(outlook: Outlook): void {
    this.#looking = undefined;
    this.#outlook = outlook;
    const { peers, audiences } = outlook;
    const { origins } = this.#parts;
    this.#chooser = new Chooser(this.#rib, this.#core.nextHops, { peers, origins });
    // Each audience is asked before and after, each peer of another import policy once for its path.
    const judged = peers.filter(({ imports }) => imports !== undefined).length;
    const runs = 1 + judged + 2 * audiences.length;
    this.#sizeMax = Math.max(1, Math.min(PREVIEW_PREFIXES_MAX, Math.floor(POLICY_RUNS_MAX / runs)));
    this.#size = Math.min(this.#size, this.#sizeMax);
    const filter = (config: ExportConfig | undefined): ExportFilter | undefined =>
      config === undefined ? undefined : new ExportFilter(this.#rib.tables, config);
    this.#audiences = audiences.map((audience) => ({
      ...audience,
      wasTold: filter(audience.before),
      isTold: filter(audience.after),
      changes: audience.before !== audience.after,
      byId: new Map(audience.members.map((member) => [member.id, member])),
    }));
  }

  #look(id: PrefixId): void {
    const chooser = this.#chooser!;
    const name = (): string => this.#rib.prefixOf(id);
    const before = chooser.before(id, (key) => this.#core.origins.get(key));
    const verdict = chooser.after(id, (peer, was, is) =>
      countDifference(peer.received, { before: was, after: is }, name),
    );
    const after = verdict.same ? before : verdict.chosen;
    for (const audience of this.#audiences) {
      if (verdict.same && !audience.changes) continue;
      this.#tell(audience, { id, before, after, name });
    }
    if (!verdict.same || this.#parts.kernel.rulesChange) {
      this.#parts.kernel.look(this.#rib.prefixOf(id), before, after);
    }
  }

  /** An own prefix that is in no table yet. */
  #add(origin: OriginatedPrefix): void {
    const { prefix } = origin;
    if (afiSafiOfIpFamily(prefixFamily(prefix)) !== this.#parts.family) return;
    const id = this.#rib.find(prefix);
    if (id !== 0 && this.#rib.prefixes.isLive(id)) return;
    const after = Chooser.newOrigin(origin);
    for (const audience of this.#audiences) {
      this.#tell(audience, { id: 0, before: undefined, after, name: () => prefix });
    }
    this.#parts.kernel.look(prefix, undefined, after);
  }

  #tell(
    { wasTold, isTold, byId, told, after: config }: Filters,
    what: {
      readonly id: PrefixId;
      readonly before: Chosen | undefined;
      readonly after: Chosen | undefined;
      readonly name: () => string;
    },
  ): void {
    const { id, before, after, name } = what;
    const was =
      before !== undefined &&
      wasTold?.refusal(id, before.path) === undefined &&
      wasTold !== undefined;
    const is =
      after !== undefined &&
      isTold !== undefined &&
      (after.path === 0
        ? this.#acceptsNew(config!, after.origin!)
        : isTold.refusal(id, after.path) === undefined);
    countDifference(told, { before: was, after: is }, name);
    // RFC 4271 §9.1.3: nobody is told his own route. There are two such at most, however many members there are.
    for (const owner of new Set([before?.peer ?? 0, after?.peer ?? 0])) {
      const member = owner === 0 ? undefined : byId.get(owner);
      if (member === undefined) continue;
      const own = { before: was && before?.peer !== owner, after: is && after?.peer !== owner };
      countDifference(member.advertised, own, name);
      // It is counted among all of them already.
      if (was !== is) member.advertised[is ? 'gained' : 'lost']--;
    }
  }

  /** There is no path of it yet: the policy alone decides over what this node originates. */
  #acceptsNew(config: ExportConfig, { prefix, source }: OriginatedPrefix): boolean {
    const { family } = this.#parts;
    return config.policy.evaluate({
      family,
      prefix: addressOctets(prefix, family),
      length: prefixLength(prefix),
      attributes: this.#emptySet,
      source,
      peerType: config.ebgp ? 'ebgp' : 'ibgp',
      interfaceName: undefined,
    }).accept;
  }
}

function addressOctets(prefix: Prefix, family: AfiSafi): Uint8Array {
  const octets = new Uint8Array(factsOf(family).width / 8);
  octets.set(ipToOctets(prefixAddress(prefix)));
  return octets;
}
