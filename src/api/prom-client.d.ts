/**
 * The files of prom-client that `metrics.ts` uses, one by one: its index also loads what pushes metrics to a gateway,
 * gathers them from processes and measures Node itself, 4 MB that a node would carry for nothing.
 */
declare module 'prom-client/lib/counter.js' {
  import { Counter } from 'prom-client';

  export = Counter;
}
declare module 'prom-client/lib/gauge.js' {
  import { Gauge } from 'prom-client';

  export = Gauge;
}
declare module 'prom-client/lib/registry.js' {
  import { Registry } from 'prom-client';

  export = Registry;
}
