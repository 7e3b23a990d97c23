/** Metrics of the BIRD sockets; their shell counts, `api/metrics.ts` collects. `afi_safi` names which of the two. */

import { counter, defineMetrics, gauge } from '../../base/metrics.ts';
import type { AfiSafi } from '../../net/afi-safi.ts';

export const birdMetrics = defineMetrics({
  godwit_bird_socket_open: gauge({
    help: '1 while the BIRD socket of this family is served; absent where it is not to be.',
    labels: ['afi_safi'],
  }),
  godwit_bird_connections: gauge({ help: 'Clients of the BIRD socket.', labels: ['afi_safi'] }),
  godwit_bird_connections_total: counter({
    help: 'Connections to the BIRD socket by what became of them.',
    labels: ['afi_safi', 'outcome'], // accepted, refused, evicted
  }),
  godwit_bird_requests_total: counter({
    help: 'Commands given on the BIRD socket.',
    labels: ['afi_safi'],
  }),
});

export interface BirdSocketFacts {
  readonly family: AfiSafi;
  readonly open: boolean;
  readonly connections: number;
  readonly accepted: number;
  /** Turned away because there were too many clients. */
  readonly refused: number;
  /** Closed, idle, to make room for another. */
  readonly evicted: number;
  readonly requests: number;
}
