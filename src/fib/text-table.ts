/** Few distinct texts (origins, reasons) as small integers for columns. 0 is the empty text. */

/** Distinct texts; past it new ones become one that says so. Peers and resources of a node are far fewer. */
const TEXTS_MAX = 65_535;
const OVERFLOW = '(too many different texts to keep)';

export class TextTable {
  readonly #ids = new Map<string, number>([['', 0]]);
  readonly #texts: string[] = [''];
  /** Of a run of routes all have one origin. */
  #last = '';
  #lastId = 0;

  idOf(text: string): number {
    if (text === this.#last) return this.#lastId;
    this.#lastId = this.#idOf(text);
    this.#last = text;
    return this.#lastId;
  }

  #idOf(text: string): number {
    const known = this.#ids.get(text);
    if (known !== undefined) return known;
    if (this.#texts.length >= TEXTS_MAX) {
      if (text === OVERFLOW) return this.#add(text);
      return this.#idOf(OVERFLOW);
    }
    return this.#add(text);
  }

  textOf(id: number): string {
    return this.#texts[id] ?? '';
  }

  #add(text: string): number {
    const id = this.#texts.length;
    this.#texts.push(text);
    this.#ids.set(text, id);
    return id;
  }
}
