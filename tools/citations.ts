/**
 * Finds the places where sources and tests cite an RFC, for `docs/rfc-coverage.md`. A citation is
 * `RFC 4271 §6.8`, with `: rule` behind it where the rule is obeyed, or `: not implemented, why`.
 */

import type { CommentFacts, SourceFile } from './tidy/source.ts';

export interface Citation {
  readonly rfc: number;
  readonly section: string;
  /** The rule in our words; empty for a mere reference. */
  readonly rule: string;
  readonly implemented: boolean;
  readonly file: string;
}

const RULE_LENGTH_MAX = 180; // characters; a table cell, not a page

/** The RFC, its sections (`3`, `9.1.2.2`, `3(j)`), and all the text behind a colon. */
const CITATION =
  /RFC (\d{3,5}) ((?:§\w+(?:\.\w+)*(?:\(\w+\))*(?:(?:, ?| and | to |–)(?=§))?)+)(: [\s\S]*)?/g;

/** Every citation in the comments of `file`, in their order. */
export function citationsIn(file: Pick<SourceFile, 'path' | 'comments'>): Citation[] {
  return paragraphs(file.comments).flatMap((text) => citationsInText(text, file.path));
}

/** `RFC 4271 §6.3, §6.4: rule` gives two citations with one rule. */
export function citationsInText(text: string, file: string): Citation[] {
  const citations: Citation[] = [];
  for (const match of text.matchAll(CITATION)) {
    const [, rfc, sections, tail] = match;
    const rule = sentence(tail ?? '');
    for (const [, section] of sections!.matchAll(/§(\w+(?:\.\w+)*(?:\(\w+\))*)/g)) {
      const implemented = !/^not (implemented|done|honou?red)/i.test(rule);
      citations.push({ rfc: Number(rfc), section: section!, rule, implemented, file });
    }
    // The rule may cite others in turn: look into it as well.
    if (tail !== undefined) citations.push(...citationsInText(tail, file));
  }
  return citations;
}

/** The first sentence behind the colon, on one line. */
function sentence(tail: string): string {
  const text = tail.replace(/^: /, '').replaceAll(/\s+/g, ' ').trim();
  const end = /(?<!\b(?:e\.g|i\.e|cf|vs))\.(?= [A-Z`]|$)/.exec(text);
  const first = end === null ? text : text.slice(0, end.index);
  return first.length > RULE_LENGTH_MAX ? `${first.slice(0, RULE_LENGTH_MAX - 1)}…` : first;
}

/** Line comments on consecutive lines are one paragraph; a block comment is its paragraphs. */
function paragraphs(comments: readonly CommentFacts[]): string[] {
  const result: string[] = [];
  let previousLine = Number.NEGATIVE_INFINITY;
  for (const { text, line, isBlock } of comments) {
    if (isBlock) {
      const plain = text.replaceAll(/^\s*\* ?/gm, '');
      result.push(...plain.split(/\n\s*\n|\n(?=\s*@)/));
      previousLine = Number.NEGATIVE_INFINITY;
    } else if (line === previousLine + 1 && !/^\s*RFC \d/.test(text)) {
      result.push(`${result.pop() ?? ''} ${text.trim()}`);
      previousLine = line;
    } else {
      result.push(text.trim());
      previousLine = line;
    }
  }
  return result;
}
