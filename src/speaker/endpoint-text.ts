/** Endpoints as people write them: `10.0.0.1:179`, `[2001:db8::1]:179`. */

import type { Endpoint } from './inputs.ts';

export function formatIpPort({ address, port }: Endpoint): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
