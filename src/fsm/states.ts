/** The six states of RFC 4271 §8.2.2, in the RFC's order. */

export const STATES = [
  'Idle',
  'Connect',
  'Active',
  'OpenSent',
  'OpenConfirm',
  'Established',
] as const;
export type State = (typeof STATES)[number];
