/** Enhanced Route Refresh, code 70: the answer to a refresh is marked at both ends (RFC 7313 §3.1). */
import { CapabilityCode } from '../iana.ts';
import { defineBareCapability } from './define.ts';

export const enhancedRouteRefreshCapability = defineBareCapability({
  kind: 'enhancedRouteRefresh',
  code: CapabilityCode.EnhancedRouteRefresh,
  name: 'enhanced-route-refresh',
});
