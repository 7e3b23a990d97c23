/** All of fib/'s metrics. Keys are the exported names; units are in the name and are SI base. */

import { counter, defineMetrics, gauge, histogram, powers } from '../base/metrics.ts';

/** Seconds: 100 µs … 26 s, factor 4. */
export const KERNEL_LAG_BOUNDS = powers({ from: 0.0001, factor: 4, count: 10 });

export const fibMetrics = defineMetrics({
  bgp_kernel_routes: gauge({
    help: 'Kernel routes by state; all but installed, held-back and adopted are divergence.',
    labels: ['state'], // installed, pending, parked, refused, foreign, held-back, adopted, leaving
  }),
  bgp_kernel_requests_total: counter({ help: 'Route requests sent to the kernel.' }),
  bgp_kernel_errors_total: counter({
    help: 'Route requests that the kernel refused.',
    labels: ['errno'], // the errno names of netlink/errno.ts
  }),
  bgp_kernel_restored_total: counter({
    help: 'Routes written again after someone else deleted or changed them.',
  }),
  bgp_kernel_overruns_total: counter({ help: 'Times that kernel events were lost.' }),
  bgp_kernel_dumps_total: counter({ help: 'Whole readings of the kernel that were completed.' }),
  bgp_kernel_foreign_routes: gauge({
    help: 'Routes of other programs that are kept to resolve next hops.',
  }),
  bgp_kernel_foreign_routes_refused_total: counter({
    help: 'Routes of other programs not kept because there are too many.',
  }),
  bgp_kernel_lag_seconds: histogram({
    help: 'Time from a wish to the acknowledgement of the kernel that fulfils it.',
    buckets: KERNEL_LAG_BOUNDS,
  }),
});
