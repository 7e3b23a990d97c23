/** What several sections of godwit.yaml read alike. */

import type { Fields } from '../datastore/fields.ts';

export function readPath(fields: Fields, name: string): string | undefined {
  return fields.parsed(name, 'an absolute path', (value) =>
    typeof value === 'string' && value.startsWith('/') ? value : undefined,
  );
}
