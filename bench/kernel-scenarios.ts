/**
 * The scenarios whose sink is the daemon's kernel, seen by one netlink monitor for all rivals. Their type is checked where
 * `scenarios.ts` takes them in.
 */

const UP = [{ command: 'connect feeds' }, { command: 'wait 1000' }] as const;

const install = (name: string, prefixes: number) => ({
  name,
  what: `1 feed of ${prefixes.toLocaleString('en')} prefixes → the kernel, seen by a netlink monitor`,
  feeds: 1,
  sinks: 0,
  prefixes,
  kernel: true,
  steps: [
    ...UP,
    { command: 'announce 1', figure: 'install' },
    { command: 'wait 1000' },
    { command: 'withdraw', figure: 'remove' },
  ],
});

export const KERNEL_SCENARIOS = [
  {
    ...install('kernel-idle', 10_000),
    what: '10,000 kernel routes and 500 interfaces, nothing happens for 20 s',
    interfaces: 500,
    steps: [
      ...UP,
      { command: 'announce 1' },
      { command: 'wait 5000' },
      { command: 'wait 20000', figure: 'idle' },
    ],
  },
  install('kernel-100k', 100_000),
  install('kernel-1m', 1_000_000),
  {
    ...install('kernel-blocks', 100_000),
    what: '1 feed of 100,000 /26 in ascending order, as blocks of pods are → the kernel',
    options: ['length=26', 'set=16'],
  },
  {
    ...install('kernel-nexthop', 100_000),
    what: '100,000 kernel routes whose next hop changes, all at once',
    options: ['moving'],
    steps: [
      ...UP,
      { command: 'announce 1' },
      { command: 'wait 1000' },
      { command: 'announce 2', figure: 'move' },
    ],
  },
];
