/** What commands print: aligned tables for people, one JSON object a line for programs. */

import { stdout } from 'node:process';

export class Output {
  readonly #write: (text: string) => void;

  constructor(write: (text: string) => void = (text) => void stdout.write(text)) {
    this.#write = write;
  }

  line(text = ''): void {
    this.#write(`${text}\n`);
  }

  json(value: unknown): void {
    this.#write(`${JSON.stringify(value)}\n`);
  }

  /** Columns as wide as their widest cell; the last one is not padded. */
  table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
    const cells = [head, ...rows.map((row) => row.map(String))];
    const widths = head.map((_, column) =>
      Math.max(...cells.map((row) => row[column]?.length ?? 0)),
    );
    for (const row of cells) {
      const padded = row.map((cell, column) =>
        column === row.length - 1 ? cell : cell.padEnd(widths[column]!),
      );
      this.line(padded.join('  ').trimEnd());
    }
  }

  /** `label:  value` lines, values aligned; undefined and empty values are left out. */
  facts(pairs: readonly (readonly [string, string | number | undefined])[]): void {
    const shown = pairs.filter(([, value]) => value !== undefined && value !== '');
    const width = Math.max(0, ...shown.map(([label]) => label.length));
    for (const [label, value] of shown) this.line(`${`${label}:`.padEnd(width + 2)} ${value}`);
  }
}
