/**
 * The `kubernetes` datastore: Calico's resources in the Kubernetes API, each kind listed and watched, all of them
 * delivered as whole snapshots once all are in sync. What is lost when, and when changes are told, is `delivery.ts`'s;
 * how a kind is followed, `kubernetes-follower.ts`'s. @see docs/decisions/0027-kubernetes-datastore.md
 */

import type { RawDocument, RawSnapshot } from '../../datastore/documents.ts';
import type { KubernetesAccess } from '../kubernetes-access.ts';
import { KubernetesClient } from '../kubernetes-client.ts';
import { ApiError } from '../kubernetes-errors.ts';
import { backOff, Delivery } from './delivery.ts';
import { explainAccess } from './kubernetes-explain.ts';
import { KubernetesFollower } from './kubernetes-follower.ts';
import {
  affinitiesOf,
  type CalicoGroup,
  type FollowedKind,
  firstKinds,
  formatRule,
  furtherKinds,
  idOf,
  objectPath,
  ownLabel,
  statusesOf,
  statusPath,
  statusRule,
  WITHOUT_LABEL,
} from './kubernetes-kinds.ts';
import type { DatastoreListener, StatusReport } from './listener.ts';
import { StatusWrites, type StoredStatus } from './status-writes.ts';

export interface KubernetesOptions {
  readonly access: KubernetesAccess;
  /** Undefined: what the API has. */
  readonly apiGroup: CalicoGroup | undefined;
  readonly node: string;
  /** Where password Secrets are. */
  readonly secretNamespace: string;
  /** Services are announced whatever BGPConfiguration says (CALICO_ADVERTISE_CLUSTER_IPS). */
  readonly services: boolean;
  readonly usePodCidr: boolean;
}

export class KubernetesDatastore {
  readonly #options: KubernetesOptions;
  readonly #client: KubernetesClient;
  readonly #delivery: Delivery;
  #first: KubernetesFollower[] = [];
  readonly #further = new Map<string, KubernetesFollower>();
  readonly #statuses = new StatusWrites();
  /** Where Calico's resources are, once that is known. */
  #calico: CalicoGroup | undefined;
  #stopped = false;
  #retry: NodeJS.Timeout | undefined;

  constructor(options: KubernetesOptions, listener: DatastoreListener) {
    this.#options = options;
    this.#client = new KubernetesClient(options.access);
    this.#delivery = new Delivery(
      {
        name: 'the Kubernetes API',
        read: () => this.#read(),
        onAway: () => {
          for (const follower of this.#all()) follower.doubt();
        },
      },
      listener,
    );
  }

  /** Lists at once and then follows; resolves after the first snapshot or loss was delivered. */
  start(): Promise<void> {
    const first = this.#delivery.first();
    void this.#begin(0);
    return first;
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#retry);
    this.#delivery.stop();
    for (const follower of this.#all()) follower.stop();
    this.#client.close();
  }

  /** @returns why the status was not written; undefined when it was. */
  async writeStatus(report: StatusReport): Promise<string | undefined> {
    const calico = this.#calico;
    if (calico === undefined) return 'the Kubernetes API is not reached';
    const { name } = report;
    try {
      return await this.#statuses.write(report, async () => {
        const path = objectPath(statusesOf(calico), name);
        const object = (await this.#client.request({ path })) as StoredStatus['object'];
        return { object, write: (body) => this.#update(statusPath(calico, name), body) };
      });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.kind === 'missing') return undefined; // nobody asks any more
      const rule = formatRule(statusRule(calico));
      return error.kind === 'forbidden'
        ? `${error.message}: its ClusterRole lacks { ${rule} }`
        : error.message;
    }
  }

  async #update(path: string, body: object): Promise<boolean> {
    try {
      await this.#client.request({ path, method: 'PUT', body });
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.kind === 'conflict') return false;
      throw error;
    }
  }

  async #begin(failures: number): Promise<void> {
    let kinds: readonly FollowedKind[];
    try {
      const calico = await groupOf(this.#client, this.#options);
      kinds = await whatToFollow(this.#client, this.#options, calico);
      this.#calico = calico;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (this.#stopped) return;
      this.#delivery.trouble(error.message);
      if (!this.#delivery.delivered) this.#delivery.loseAccess();
      this.#retry = setTimeout(() => void this.#begin(failures + 1), backOff(failures + 1));
      return;
    }
    if (this.#stopped) return;
    this.#first = kinds.map((kind) => this.#followerOf(kind));
    for (const follower of this.#first) void follower.run();
  }

  #followerOf(kind: FollowedKind): KubernetesFollower {
    return new KubernetesFollower(kind, {
      client: this.#client,
      options: this.#options,
      listener: {
        onChange: () => this.#onChange(),
        onTrouble: () => this.#onTrouble(),
      },
    });
  }

  #all(): KubernetesFollower[] {
    return [...this.#first, ...this.#further.values()];
  }

  #onChange(): void {
    this.#delivery.deliverSoon();
  }

  #onTrouble(): void {
    const all = this.#all();
    const troubles = new Set(all.flatMap(({ trouble }) => trouble ?? []));
    this.#delivery.trouble(list([...troubles]));
    // At the start there is nothing yet to be patient with, once each kind has had its answer.
    const answered = all.every(({ inSync, trouble }) => inSync || trouble !== undefined);
    if (answered && !this.#delivery.delivered) this.#delivery.loseAccess();
  }

  #read(): RawSnapshot | { readonly nothing: string } | undefined {
    if (this.#first.length === 0 || !this.#first.every((one) => one.inSync)) return undefined;
    const first = this.#first.map((one) => one.snapshot);
    const documents = first.flatMap((one) => one.documents);
    if (!documents.some(isNode)) return { nothing: 'no Nodes' };
    this.#followFurther(documents);
    const all = this.#all();
    if (!all.every((one) => one.inSync)) return undefined;
    this.#delivery.calm();
    const further = [...this.#further.values()].map((one) => one.snapshot);
    return {
      documents: [...documents, ...further.flatMap((one) => one.documents)],
      broken: [...first, ...further].flatMap((one) => one.broken),
    };
  }

  #followFurther(documents: readonly RawDocument[]): void {
    const { secretNamespace: secrets, services } = this.#options;
    const wanted = new Map(
      furtherKinds(documents, { secrets, services }).map((kind) => [idOf(kind), kind]),
    );
    for (const [id, follower] of this.#further) {
      if (wanted.has(id)) continue;
      follower.stop();
      this.#further.delete(id);
    }
    for (const [id, kind] of wanted) {
      if (this.#further.has(id)) continue;
      const follower = this.#followerOf(kind);
      this.#further.set(id, follower);
      void follower.run();
    }
  }
}

/** One reading of the API, for `--check`: the snapshot, or why there is none. */
export async function readKubernetesOnce(
  options: KubernetesOptions,
): Promise<RawSnapshot | { readonly error: string }> {
  const client = new KubernetesClient(options.access);
  const listener = { onChange: () => undefined, onTrouble: () => undefined };
  const read = async (kinds: readonly FollowedKind[]): Promise<RawSnapshot[]> => {
    const followers = kinds.map(
      (kind) => new KubernetesFollower(kind, { client, options, listener }),
    );
    await Promise.all(followers.map((follower) => follower.listIfThere()));
    return followers.map((follower) => follower.snapshot);
  };
  try {
    const calico = await groupOf(client, options);
    const first = await read(await whatToFollow(client, options, calico));
    const documents = first.flatMap((one) => one.documents);
    if (!documents.some(isNode)) return { error: 'The Kubernetes API holds no Nodes' };
    const { secretNamespace: secrets, services } = options;
    const further = await read(furtherKinds(documents, { secrets, services }));
    const all = [...first, ...further];
    return {
      documents: all.flatMap((one) => one.documents),
      broken: all.flatMap((one) => one.broken),
    };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { error: error.message };
  } finally {
    client.close();
  }
}

/** So many reasons at once: more do not say more. */
const TROUBLES_MAX = 4;

function list(troubles: readonly string[]): string {
  const more = troubles.length - TROUBLES_MAX;
  return [...troubles.slice(0, TROUBLES_MAX), ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

function isNode({ value }: RawDocument): boolean {
  return (value as { readonly kind: string }).kind === 'Node';
}

async function groupOf(
  client: KubernetesClient,
  { apiGroup }: KubernetesOptions,
): Promise<CalicoGroup> {
  return apiGroup ?? (await discover(client));
}

async function whatToFollow(
  client: KubernetesClient,
  { node, usePodCidr }: KubernetesOptions,
  calico: CalicoGroup,
): Promise<readonly FollowedKind[]> {
  const byHash = usePodCidr || (await hasLabels(client, calico, node));
  return firstKinds({ node, calico, usePodCidr, byHash });
}

/**
 * Whether own affinities can be asked for by their label. A node that has none by it looks through those of all once:
 * a label that is made otherwise than we think must not cost a node its blocks.
 */
async function hasLabels(
  client: KubernetesClient,
  calico: CalicoGroup,
  node: string,
): Promise<boolean> {
  const listener = { onChange: () => undefined, onTrouble: () => undefined };
  const options = { node, usePodCidr: false };
  const count = async (label?: string): Promise<number> => {
    const kind = affinitiesOf(calico, label);
    const follower = new KubernetesFollower(kind, { client, options, listener });
    await follower.list();
    return follower.snapshot.documents.length;
  };
  try {
    if ((await count(ownLabel(node))) > 0) return true;
    const all = await count();
    return all === 0 || all === (await count(WITHOUT_LABEL));
  } catch (error) {
    // Said of all kinds together when they are followed.
    if (error instanceof ApiError && ['forbidden', 'missing'].includes(error.kind)) return true;
    throw error;
  }
}

/** Both groups: an API server of Calico's own stands before CRDs of the first (calico model 5.2). */
async function discover(client: KubernetesClient): Promise<CalicoGroup> {
  const answer = await client.request({ path: '/apis' }).catch((error: unknown) => {
    throw explainAccess(error);
  });
  const { groups = [] } = answer as {
    readonly groups?: readonly { readonly name: string }[];
  };
  const names = new Set(groups.map(({ name }) => name));
  const native = names.has('projectcalico.org') && !names.has('crd.projectcalico.org');
  return native ? 'projectcalico.org/v3' : 'crd.projectcalico.org/v1';
}
