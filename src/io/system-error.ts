/** Makes `SystemError` values out of negative errno numbers. */

import type { SystemError } from '../base/errors.ts';
import { errnoName } from '../netlink/errno.ts';

/** @param returned  What a native call gave: a negative errno. */
export function systemError(call: string, returned: number, detail?: string): SystemError {
  const error: SystemError = { kind: 'SystemError', call, errno: errnoName(-returned) };
  return detail === undefined ? error : { ...error, detail };
}
