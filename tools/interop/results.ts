/** What the interop matrix has shown, as it is kept in the tree, and the document that is made of it. */

export const FILE = 'test/fixtures/interop/results.json';
export const DOCUMENT = 'docs/interop.md';

/** A cell says one of the three. */
export interface CellResult {
  /** Shown against the real daemon; the text says what is worth knowing, mostly nothing. */
  readonly shown?: string;
  /** The daemon has no such thing: its version, and the line of its documentation. */
  readonly notApplicable?: string;
}

export interface FeatureResult {
  readonly id: string;
  readonly section: string;
  readonly title: string;
  readonly rfcs: readonly number[];
  readonly cells: Readonly<Record<string, CellResult>>;
}

export interface MatrixResults {
  /** By name, the line in which it says its version. */
  readonly daemons: Readonly<Record<string, string>>;
  readonly features: readonly FeatureResult[];
}
