/** The rows of the interop matrix in the order of the document. */
import type { Feature } from './feature.ts';
import { ADD_PATH } from './features/add-path.ts';
import { AS_CHANGES } from './features/as-path-changes.ts';
import { AS_SETS } from './features/as-sets.ts';
import { COMMUNITIES, PREFERENCES } from './features/attributes.ts';
import { LATER_RESTARTS } from './features/later-restarts.ts';
import { LEAVING } from './features/leaving.ts';
import { LIMITS } from './features/limits.ts';
import { OPENS } from './features/opens.ts';
import { AS_PATHS, NEXT_HOPS, PASSED_ON, SIZES } from './features/paths.ts';
import { BOTH_FAMILIES, EXTENDED_MESSAGES, LONG_LIVED, ROLES } from './features/profiled.ts';
import { REFLECTION } from './features/reflection.ts';
import { REFRESHES } from './features/refreshes.ts';
import { RESTARTS } from './features/restarts.ts';
import { SECURITY } from './features/security.ts';
import { SESSIONS } from './features/sessions.ts';
import { WEIGHTS } from './features/weights.ts';

export const FEATURES: readonly Feature[] = [
  ...SESSIONS,
  ...BOTH_FAMILIES,
  ...OPENS,
  ...ROLES,
  ...EXTENDED_MESSAGES,
  ...LIMITS,
  ...SECURITY,
  ...REFRESHES,
  ...COMMUNITIES,
  ...PREFERENCES,
  ...PASSED_ON,
  ...AS_PATHS,
  ...AS_SETS,
  ...AS_CHANGES,
  ...NEXT_HOPS,
  ...ADD_PATH,
  ...WEIGHTS,
  ...REFLECTION,
  ...SIZES,
  ...RESTARTS,
  ...LATER_RESTARTS,
  ...LEAVING,
  ...LONG_LIVED,
];
