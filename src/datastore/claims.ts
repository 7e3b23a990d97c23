/**
 * Which document says what a resource is: the first of its name in file order. Kept from snapshot to snapshot, so that
 * of ten thousand documents only those are looked at that have come, gone or moved.
 *
 * A document is known by the identity of its parsed value, which nobody changes: a datastore hands out the same value
 * for as long as what was written is the same. Invariant (property-tested with `plan-memo.ts`): what is told depends
 * on the last documents alone.
 */

import type { ConfigError } from '../base/errors.ts';
import type { BrokenFile, RawDocument } from './documents.ts';
import { followed, isSame } from './follow-documents.ts';
import { type CheckedDocument, checkDocument } from './validate.ts';

/** What a look over all documents finds beside those that are right. */
export interface Survey {
  readonly problems: readonly ConfigError[];
  /**
   * Files whose silence about a resource proves nothing, and why: those that cannot be read, and those with a document
   * that is not right, for that is how a file looks that has been written by half.
   */
  readonly doubtful: ReadonlyMap<string, string>;
  /** Names whose document gives no resource: what counts depends on more than the document. */
  readonly unusable: readonly string[];
}

type Checked = readonly CheckedDocument[];

export class Claims {
  #documents: readonly RawDocument[] = [];
  /** Of each of the documents. */
  #checked: readonly Checked[] = [];
  /** In file order. */
  readonly #byKey = new Map<string, Checked>();
  /** Keys that several documents claim. */
  readonly #contested = new Set<string>();

  /** The document that counts. */
  first(key: string): CheckedDocument | undefined {
    return this.#byKey.get(key)?.[0];
  }

  /** Takes the documents of the next snapshot. @returns the keys of which documents have come, gone or moved. */
  update(documents: readonly RawDocument[]): ReadonlySet<string> {
    const touched = new Set<string>();
    const before = this.#checked;
    const from = followed(this.#documents, documents);
    for (const at of from.gone) {
      for (const one of before[at]!) this.#drop(one, touched);
    }
    this.#checked = documents.map((document, index) => {
      const at = from.places[index]!;
      if (at < 0) return this.#take(document, touched);
      const known = before[at]!;
      return this.#documents[at] === document ? known : this.#move(known, document, touched);
    });
    this.#documents = documents;
    this.#order(touched);
    return touched;
  }

  survey(broken: readonly BrokenFile[]): Survey {
    const problems = broken.map((file) => file.error);
    const doubtful = new Map(broken.map((item) => [item.file, item.error.message]));
    const unusable: string[] = [];
    for (const list of this.#checked) {
      for (const one of list) {
        if (isRight(one) && this.#contested.size === 0) continue;
        problems.push(...one.problems);
        const first = one.key === undefined ? one : this.first(one.key)!;
        if (first !== one) {
          problems.push(defined(one, first));
          continue;
        }
        if (one.entry !== undefined) continue;
        if (one.key !== undefined) unusable.push(one.key);
        const { file } = one.document;
        if (one.unused || doubtful.has(file)) continue;
        doubtful.set(file, `${one.key ?? 'A document'} in the same file: ${firstError(one)}`);
      }
    }
    return { problems, doubtful, unusable };
  }

  #take(document: RawDocument, touched: Set<string>): Checked {
    const checked = checkDocument(document);
    for (const one of checked) {
      if (one.key === undefined) continue;
      touched.add(one.key);
      const others = this.#byKey.get(one.key);
      this.#byKey.set(one.key, others === undefined ? [one] : [...others, one]);
      if (others !== undefined) this.#contested.add(one.key);
    }
    return checked;
  }

  #drop(one: CheckedDocument, touched: Set<string>): void {
    if (one.key === undefined) return;
    touched.add(one.key);
    const rest = this.#byKey.get(one.key)!.filter((other) => other !== one);
    if (rest.length === 0) this.#byKey.delete(one.key);
    else this.#byKey.set(one.key, rest);
    if (rest.length < 2) this.#contested.delete(one.key);
  }

  /** The same value elsewhere in its file: good as before, unless something was said of a place. */
  #move(known: Checked, document: RawDocument, touched: Set<string>): Checked {
    const one = known[0];
    // A list has a document for each item, with places of its own.
    if (known.length === 1 && isRight(one!) && isSame(one!.document, document)) {
      const moved = { ...one!, document };
      const others = this.#byKey.get(one!.key!)!;
      this.#byKey.set(one!.key!, others.length === 1 ? [moved] : replaced(others, one!, moved));
      return [moved];
    }
    for (const old of known) this.#drop(old, touched);
    return this.#take(document, touched);
  }

  /** Documents of one name in file order, which those that came or moved may have upset. */
  #order(touched: Set<string>): void {
    if (this.#contested.size === 0) return;
    const lists = new Map<string, CheckedDocument[]>();
    for (const one of this.#checked.flat()) {
      if (one.key === undefined || !this.#contested.has(one.key)) continue;
      const list = lists.get(one.key);
      if (list === undefined) lists.set(one.key, [one]);
      else list.push(one);
    }
    for (const [key, list] of lists) {
      this.#byKey.set(key, list);
      touched.add(key);
    }
  }
}

function replaced(list: Checked, one: CheckedDocument, by: CheckedDocument): Checked {
  return list.map((other) => (other === one ? by : other));
}

function isRight(one: CheckedDocument): boolean {
  return one.problems.length === 0 && one.entry !== undefined;
}

/** Two documents with one name: the first in file order counts, the other is named. */
function defined(one: CheckedDocument, first: CheckedDocument): ConfigError {
  const place = one.document.positionOf(['metadata', 'name']);
  return {
    kind: 'ConfigError',
    severity: 'error',
    code: 'DuplicateResource',
    file: one.document.file,
    ...(place ?? {}),
    resource: one.key!,
    message: `Defined a second time; the one in ${first.document.file} counts`,
    remedy: 'Delete or rename one of them',
  };
}

/** Why a document gives no resource. */
export function firstError(one: CheckedDocument): string {
  const error = one.problems.find((problem) => problem.severity === 'error');
  if (error === undefined) return 'Not usable';
  return error.path === undefined ? error.message : `${error.path}: ${error.message}`;
}
