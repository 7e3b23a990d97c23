/** What commands print: aligned tables for people, one JSON object a line for programs, complaints apart. */

export interface OutputOptions {
  readonly write: (text: string) => void;
  readonly writeError: (text: string) => void;
  /** Columns of the terminal; undefined where there is none: then nothing is shortened. */
  readonly width?: number | undefined;
}

/** Narrower than this, a last column is not worth shortening: it wraps. */
const LAST_COLUMN_MIN = 12;

export class Output {
  readonly #options: OutputOptions;

  constructor(options: OutputOptions) {
    this.#options = options;
  }

  line(text = ''): void {
    this.#options.write(`${text}\n`);
  }

  error(text: string): void {
    this.#options.writeError(`${text}\n`);
  }

  json(value: unknown): void {
    this.#options.write(`${JSON.stringify(value)}\n`);
  }

  /** Columns as wide as their widest cell; the last one is not padded, and shortened to the terminal's width. */
  table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
    const cells = [head, ...rows.map((row) => row.map(String))];
    const widths = head.map((_, column) => longest(cells.map((row) => row[column] ?? '')));
    for (const row of cells) {
      const padded = row.map((cell, column) =>
        column === row.length - 1 ? cell : cell.padEnd(widths[column]!),
      );
      const taken = padded.slice(0, -1).reduce((sum, cell) => sum + cell.length + 2, 0);
      const last = this.#fit(padded.at(-1) ?? '', taken);
      this.line([...padded.slice(0, -1), last].join('  ').trimEnd());
    }
  }

  /** `label:  value` lines, values aligned; undefined and empty values are left out. */
  facts(pairs: readonly (readonly [string, string | number | undefined])[]): void {
    const shown = pairs.filter(([, value]) => value !== undefined && value !== '');
    const width = longest(shown.map(([label]) => label));
    for (const [label, value] of shown) this.line(`${`${label}:`.padEnd(width + 2)} ${value}`);
  }

  #fit(cell: string, taken: number): string {
    const { width } = this.#options;
    if (width === undefined || taken + cell.length <= width) return cell;
    const room = width - taken;
    return room < LAST_COLUMN_MIN ? cell : `${cell.slice(0, room - 1)}…`;
  }
}

/** Not `Math.max(...)`: a table of many thousand rows is more than a call takes as arguments. */
function longest(texts: readonly string[]): number {
  return texts.reduce((most, { length }) => Math.max(length, most), 0);
}
