/** The rows of the interop matrix in the order of the document. */
import type { Feature } from './feature.ts';
import { SESSIONS } from './features/sessions.ts';

export const FEATURES: readonly Feature[] = [...SESSIONS];
