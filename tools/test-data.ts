/** The folder of public vectors and tables, as `GODWIT_TEST_DATA` or the default beside the checkout names it. */

import { join, resolve } from 'node:path';
import { REPOSITORY } from './cache-dir.ts';

export const TEST_DATA_DIR: string = resolve(
  process.env['GODWIT_TEST_DATA'] ?? join(REPOSITORY, '../shared'),
);
