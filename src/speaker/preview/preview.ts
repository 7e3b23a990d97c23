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
import type { Rib } from '../../rib/rib.ts';
import type { ExportConfig } from '../../rib/rib-config.ts';
import { EMPTY_ATTRIBUTES, encodeAttributes } from '../../wire/attributes/codec.ts';
import type { Core } from '../core.ts';
import { Chooser, type Chosen } from './choice.ts';
import { KernelOutlook } from './kernel.ts';
import { type Audience, type Outlook, outlookOf } from './peers.ts';
import { diffSummary } from './sessions.ts';
import {
  countDifference,
  type PeerForecast,
  type PlanForecast,
  type PreviewRun,
  type Proposal,
} from './types.ts';

/** Prefixes looked at in one call: a few hundred microseconds each hundred, where policies are long. */
export const PREVIEW_PREFIXES_MAX = 256;

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
    const peers = new Map<string, PeerForecast>();
    for (const { outlook } of this.#families) {
      for (const { name, address, received, advertised } of outlook.peers) {
        if (received.gained + received.lost + advertised.gained + advertised.lost === 0) continue;
        peers.set(name, { name, address, received, advertised });
      }
    }
    return {
      ...diffSummary(changes, this.#established),
      peers: [...peers.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
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
}

class FamilyPreview {
  readonly outlook: Outlook;
  readonly #core: Core;
  readonly #rib: Rib;
  readonly #parts: FamilyParts;
  readonly #chooser: Chooser;
  readonly #audiences: readonly Filters[];
  readonly #emptySet: Uint8Array;
  /** Next PrefixId; 0 = all have been looked at. */
  #at = 1;

  constructor(core: Core, parts: FamilyParts) {
    const { family, proposal, origins } = parts;
    this.#core = core;
    this.#rib = core.ribs[family];
    this.#parts = parts;
    this.outlook = outlookOf(core, proposal, family);
    const { peers, audiences } = this.outlook;
    this.#chooser = new Chooser(this.#rib, core.nextHops, { peers, origins });
    this.#emptySet = encodeAttributes(EMPTY_ATTRIBUTES, family);
    const filter = (config: ExportConfig | undefined): ExportFilter | undefined =>
      config === undefined ? undefined : new ExportFilter(this.#rib.tables, config);
    this.#audiences = audiences.map((audience) => ({
      ...audience,
      wasTold: filter(audience.before),
      isTold: filter(audience.after),
      changes: audience.before !== audience.after,
    }));
  }

  /** Looks at some prefixes. @returns whether more are left. */
  next(): boolean {
    if (this.#at === 0) return false;
    const { prefixes } = this.#rib;
    const end = Math.min(this.#at + PREVIEW_PREFIXES_MAX, prefixes.top + 1);
    for (let id = this.#at; id < end; id++) if (prefixes.isLive(id)) this.#look(id);
    if (end <= prefixes.top) {
      this.#at = end;
      return true;
    }
    this.#at = 0;
    for (const origin of this.#parts.origins.values()) if (origin !== undefined) this.#add(origin);
    return false;
  }

  #look(id: PrefixId): void {
    const chooser = this.#chooser;
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
    { wasTold, isTold, members, after: config }: Filters,
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
    for (const member of members) {
      // RFC 4271 §9.1.3: nobody is told his own route.
      const wasOwn = before !== undefined && before.peer !== 0 && before.peer === member.id;
      const isOwn = after !== undefined && after.peer !== 0 && after.peer === member.id;
      countDifference(member.advertised, { before: was && !wasOwn, after: is && !isOwn }, name);
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
