/**
 * Announcing only what is in the kernel (suppress until installed): the RIB asks, the speaker answers.
 *
 * What waits keeps what was told before, so that a changed route is never withdrawn in between; what failed is
 * withdrawn, since packets for it would not be forwarded as announced. Own routes are not asked about.
 */

import type { PrefixId } from '../net/prefix-table.ts';

export type GateAnswer = 'go' | 'wait' | 'stop';

export type InstallGate = (prefix: PrefixId) => GateAnswer;
