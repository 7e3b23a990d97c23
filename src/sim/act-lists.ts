/** Acts that belong together: each list is what one kind of scenario draws from, and the mix draws from all of them. */

import {
  type Act,
  addBlock,
  cut,
  deleteRoute,
  flapBlock,
  flipPool,
  freezeNode,
  healAll,
  killNode,
  loseEvents,
  moveBlock,
  refuseRequests,
  resetConnections,
  resetSession,
  slowReader,
  splitCluster,
  startNode,
  takeLinkDown,
  terminateNode,
} from './acts.ts';

export const KERNEL_TROUBLE: readonly Act[] = [
  resetSession,
  takeLinkDown,
  deleteRoute,
  loseEvents,
  refuseRequests,
];
export const RESTARTS: readonly Act[] = [killNode, terminateNode, startNode];
export const PARTITIONS: readonly Act[] = [cut, healAll, killNode, startNode, splitCluster];
export const EDITS: readonly Act[] = [
  flipPool,
  moveBlock,
  addBlock,
  flapBlock,
  resetSession,
  terminateNode,
  startNode,
];
export const CHAOS: readonly Act[] = [freezeNode, slowReader, resetConnections, freezeNode];
