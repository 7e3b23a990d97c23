/** All of fsm/'s metrics. Keys are the exported names; units are SI base. The speaker feeds them from session outputs. */

import { counter, defineMetrics, gauge } from '../base/metrics.ts';

export const fsmMetrics = defineMetrics({
  bgp_session_state: gauge({
    help: 'State of the session: 0 Idle, 1 Connect, 2 Active, 3 OpenSent, 4 OpenConfirm, 5 Established.',
    labels: ['peer'], // bounded: configured peers
  }),
  bgp_session_established_total: counter({
    help: 'Times the session reached Established.',
    labels: ['peer'],
  }),
  bgp_session_down_total: counter({
    help: 'Sessions and attempts that ended, by kind of reason.',
    labels: ['peer', 'reason'], // reason: the kinds of DownReason
  }),
  bgp_connection_attempts_total: counter({
    help: 'TCP connections dialled.',
    labels: ['peer'],
  }),
  bgp_notifications_total: counter({
    help: 'NOTIFICATION messages by direction and Error Code.',
    labels: ['peer', 'direction', 'code'], // direction: sent, received; code: 1–8 or other
  }),
  bgp_session_hold_time_seconds: gauge({
    help: 'Negotiated hold time; 0 when none is used or the session is down.',
    labels: ['peer'],
  }),
});
