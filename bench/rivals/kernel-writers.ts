/**
 * What writing routes costs without a daemon around it: a C program that writes what the feed says in batches, and
 * one that hands lines to `ip -batch` (whose own CPU is not in its figure).
 */

import { NETWORK, type Scenario } from '../scenarios.ts';
import type { Rival } from './rival.ts';

const unfit = ({ kernel }: Scenario): string | undefined =>
  kernel === true ? undefined : 'writes kernel routes only';

export const C_WRITER: Rival = {
  name: 'c-writer',
  unfit,
  prepare: ({ load }) => [load, 'writer', NETWORK.daemonAddress, String(NETWORK.localAs)],
};

export const IP_BATCH: Rival = {
  name: 'ip-batch',
  unfit,
  prepare: ({ load }) => [load, 'writer', NETWORK.daemonAddress, String(NETWORK.localAs), 'ip'],
};
