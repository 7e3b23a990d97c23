/** Route Refresh, code 2 (RFC 2918 §2), and the code 128 that old Cisco systems send for the same. */
import { CapabilityCode } from '../iana.ts';
import { defineCapability, wrongLength } from './define.ts';

export const routeRefreshCapability = defineCapability<'routeRefresh'>({
  kind: 'routeRefresh',
  code: CapabilityCode.RouteRefresh,
  decode: (value) =>
    value.remaining === 0 ? { kind: 'routeRefresh' } : wrongLength(value.remaining, '0'),
  encode: () => undefined,
  format: () => 'route-refresh',
});

export const ciscoRouteRefreshCapability = defineCapability<'routeRefresh'>({
  kind: 'routeRefresh',
  code: CapabilityCode.RouteRefreshCisco,
  decode: (value) =>
    value.remaining === 0
      ? { kind: 'routeRefresh', cisco: true }
      : wrongLength(value.remaining, '0'),
  encode: () => undefined,
  format: () => 'route-refresh (cisco)',
});
