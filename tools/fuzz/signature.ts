/**
 * The way in which a message was taken, as one number: outcome, faults, capabilities. Messages that were taken in a
 * new way are kept to be damaged further.
 */

/** Reasons that are told apart; the last one stands for all further ones. */
const WORDS_MAX = 4096;
/** Faults beyond these say little that is new. */
const FOLDS_MAX = 2;

export class Signature {
  value = 0;
  #folds = 0;
  readonly #words = new Map<string, number>();

  begin(word: string): void {
    this.value = this.#numberOf(word);
    this.#folds = 0;
  }

  /** Something more about the same message; order counts. */
  add(word: string, code = 0): void {
    if (this.#folds++ >= FOLDS_MAX) return;
    this.value = (Math.imul(this.value, 0x01000193) ^ (this.#numberOf(word) * 256 + code)) >>> 0;
  }

  #numberOf(word: string): number {
    const known = this.#words.get(word);
    if (known !== undefined) return known;
    const plain = word.replaceAll(/\d+/g, '#');
    const number = this.#words.get(plain) ?? Math.min(this.#words.size, WORDS_MAX);
    if (this.#words.size < WORDS_MAX) {
      this.#words.set(plain, number);
      this.#words.set(word, number);
    }
    return number;
  }
}
