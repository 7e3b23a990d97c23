/**
 * `show bfd sessions`, `show ospf`, `show rip …`: what a BIRD answers that runs no such protocol. bird_exporter asks,
 * where it is told to.
 */

import type { BirdCommand } from './command.ts';
import { BirdError, Code } from './reply.ts';

const ABSENT: readonly (readonly [words: readonly string[], name: string])[] = [
  [['show', 'bfd', 'sessions'], 'BFD'],
  [['show', 'ospf'], 'OSPF'],
  [['show', 'rip'], 'RIP'],
  [['show', 'babel'], 'Babel'],
];

export const showAbsent: readonly BirdCommand[] = ABSENT.map(([words, name]) => ({
  words,
  usage: '',
  help: `Show that there is no ${name} here`,
  // biome-ignore lint/correctness/useYield: the reply is an error and nothing else
  *run() {
    throw new BirdError(Code.ParseError, `There is no ${name} protocol running`);
  },
}));
