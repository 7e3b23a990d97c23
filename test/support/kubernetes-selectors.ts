/** Label and field selectors of the Kubernetes API, as far as anything here uses them. Pure. */

export interface Selection {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

interface Selectable {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
}

/** What the API would answer with 400. */
export class BadSelector extends Error {}

export function matches(object: Selectable, selection: Selection): boolean {
  const { metadata } = object;
  const { namespace, labelSelector, fieldSelector } = selection;
  return (
    (namespace === undefined || metadata.namespace === namespace) &&
    terms(labelSelector).every((term) => hasLabel(metadata.labels ?? {}, term)) &&
    terms(fieldSelector).every((term) => hasField(metadata, term))
  );
}

/** @throws {BadSelector} */
export function checkSelectors(selection: Selection): void {
  matches({ metadata: { name: '' } }, { ...selection, namespace: undefined });
}

function terms(selector: string | undefined): readonly string[] {
  return selector === undefined || selector === '' ? [] : selector.split(',');
}

function hasLabel(labels: Readonly<Record<string, string>>, term: string): boolean {
  const [, not, key, operator, value] =
    /^(!?)([A-Za-z0-9_./-]+)(?:(==?|!=)([A-Za-z0-9_.-]*))?$/.exec(term) ?? [];
  if (key === undefined || (not === '!' && operator !== undefined)) {
    throw new BadSelector(`unable to parse requirement: ${term}`);
  }
  if (operator === undefined) return Object.hasOwn(labels, key) === (not === '');
  return (labels[key] === value) === (operator !== '!=');
}

function hasField(metadata: Selectable['metadata'], term: string): boolean {
  const [, path, operator, value] = /^([A-Za-z.]+)(==?|!=)(.*)$/.exec(term) ?? [];
  const fields: Readonly<Record<string, string>> = {
    'metadata.name': metadata.name,
    'metadata.namespace': metadata.namespace ?? '',
  };
  const field = fields[path ?? ''];
  if (field === undefined) throw new BadSelector(`field label not supported: ${path ?? term}`);
  return (field === value) === (operator !== '!=');
}
