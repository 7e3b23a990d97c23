/**
 * The BIRD control sockets against the real thing: the same node, first with godwit, then with BIRD 1.6 (Calico's
 * generation, a daemon a family) in the same namespace with the same neighbors, asked by the real clients of both
 * generations. Replies are compared line by line but for times and numbers.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Namespace } from '../../tools/fabric/netns.ts';
import { type Running, run, stopProcess } from '../../tools/fabric/process.ts';
import { Bird, birdConfHead } from '../support/bird.ts';
import { BirdClient } from '../support/bird-client.ts';
import {
  agentStatus,
  calicoPeers,
  exportedProtocols,
  readiness,
  reportedPeer,
  reportedRoutes,
} from '../support/bird-parsers.ts';
import { calico, Godwit } from '../support/godwit.ts';
import { NetworkLab } from '../support/netns.ts';
import { findPeer } from '../support/peers.ts';
import { describeWith } from '../support/requirements.ts';
import { waitFor } from '../support/wait-for.ts';

type Family = 'ipv4' | 'ipv6';
const FAMILIES = ['ipv4', 'ipv6'] as const;

interface Facts {
  readonly own: string;
  readonly mesh: string;
  readonly tor: string;
  readonly nobody: string;
  readonly ownBlock: string;
  readonly meshBlock: string;
  readonly torPrefix: string;
  readonly pool: string;
}

const FACTS: Readonly<Record<Family, Facts>> = {
  ipv4: {
    own: '10.9.0.1',
    mesh: '10.9.0.2',
    tor: '10.9.0.4',
    nobody: '10.9.0.5',
    ownBlock: '10.244.1.0/26',
    meshBlock: '10.244.2.0/26',
    torPrefix: '203.0.113.0/24',
    pool: '10.244.0.0/16',
  },
  ipv6: {
    own: 'fd09::1',
    mesh: 'fd09::2',
    tor: 'fd09::4',
    nobody: 'fd09::5',
    ownBlock: 'fd00:10:244:1::/122',
    meshBlock: 'fd00:10:244:2::/122',
    torPrefix: '2001:db8:a::/48',
    pool: 'fd00:10:244::/48',
  },
};

const nameOf = (kind: string, address: string): string =>
  `${kind}_${address.replaceAll(/[.:]/g, '_')}`;

/** The node's neighbors, both families: BIRD 2, of which one is of our AS and calls us, one outside and is called. */
function neighborConfig(who: 'mesh' | 'tor'): string {
  const sessions = FAMILIES.map((family) => {
    const facts = FACTS[family];
    const [prefix, own, as] =
      who === 'mesh' ? [facts.meshBlock, facts.mesh, 64_512] : [facts.torPrefix, facts.tor, 64_601];
    const attributes =
      who === 'mesh'
        ? 'bgp_community.add((64512,7)); bgp_large_community.add((64512,1,2));'
        : 'bgp_path.prepend(65001); bgp_med = 5;';
    return `protocol static s_${family} { ${family}; route ${prefix} blackhole; }
protocol bgp b_${family} { local ${own} as ${as}; neighbor ${facts.own} as 64512; multihop;
  strict bind on; ${who === 'mesh' ? '' : 'passive;'} graceful restart on;
  connect delay time 1; connect retry time 1; error wait time 1, 2;
  ${family} { import all; export filter { if source != RTS_STATIC then reject; ${attributes} accept; };
    next hop self;  }; }
`;
  });
  return `${birdConfHead({ routerId: FACTS.ipv4[who] })}${sessions.join('')}`;
}

/** What confd would write for this node, near enough. */
function bird1Config(family: Family): string {
  const { own, mesh, tor, nobody, ownBlock } = FACTS[family];
  const six = family === 'ipv6' ? '6' : '';
  const session = (name: string, description: string, more: string): string =>
    `protocol bgp ${name} from calico { description "${description}"; ${more} }\n`;
  return `router id ${FACTS.ipv4.own};
log stderr all;
protocol static static1 { route ${ownBlock} blackhole; }
protocol kernel kernel1 { learn; persist; scan time 2; import all; export all; merge paths on; }
protocol device device1 { scan time 2; }
protocol direct direct1 { interface -"cali*", -"kube-ipvs*", "*"; }
template bgp calico { local as 64512; multihop; gateway recursive; import filter { accept; };
  export filter { if proto = "static1" then accept; reject; }; add paths on; graceful restart;
  connect delay time 1; connect retry time 1; error wait time 1, 2; source address ${own}; }
${session(nameOf('Global', tor), `BGPPeer/tor${six}`, `neighbor ${tor} as 64601;`)}${session(nameOf('Global', nobody), `BGPPeer/nobody${six}`, `neighbor ${nobody} as 64601;`)}${session(nameOf('Mesh', mesh), 'node-to-node mesh with Node/b', `neighbor ${mesh} as 64512; passive;`)}`;
}

/** Codes stay, times and numbers that differ by nature become letters. */
function normal(reply: string): string[] {
  return (
    reply
      .trimEnd()
      .split('\n')
      // When the next call is due shows only while it is.
      .filter((line) => !/^ +(?:Connect delay|Error wait):/.test(line))
      .map((line) =>
        line
          .replaceAll(/\d\d\d\d-\d\d-\d\d \d\d:\d\d:\d\d|\d\d:\d\d:\d\d/g, 'TIME')
          .replaceAll(/BIRD (v\S+|1\.6\.8)/g, 'BIRD VERSION')
          // Between two calls of a neighbor that refuses them.
          .replaceAll(/\b(?:Active |Connect|Idle {3})(?= +Socket)/g, 'WAITING')
          .replaceAll(/(state: +)(?:Active|Connect|Idle)$/g, '$1WAITING')
          .replaceAll(/(timer: +)\d+\/\d+/g, '$1N')
          .replaceAll(/((?:updates|withdraws): ).*$/g, '$1N')
          // The metric of the next hop's route: BIRD knows none of the kernel's.
          .replaceAll(/\((\d+)\/[\d?]+\)/g, '($1/N)'),
      )
  );
}

/** Rows in the order of their text: a table has none. Codes in front go, since they belong to the order. */
function unordered(reply: string): string[] {
  return normal(reply)
    .map((line) => line.replace(/^(?:\d{4}-| )(?=\S)/, ''))
    .sort();
}

const NEEDS = ['root', 'netns', 'ip', 'veth', 'ipv6', 'bird1', 'bird2', 'native'] as const;

describeWith(NEEDS, 'the BIRD control sockets', () => {
  const lab = new NetworkLab();
  let node: Namespace;
  let godwit: Godwit;
  const sockets: Record<'godwit' | 'bird', Record<Family, string>> = {
    godwit: { ipv4: join(lab.dir, 'run/bird.ctl'), ipv6: join(lab.dir, 'run/bird6.ctl') },
    bird: { ipv4: join(lab.dir, 'real.ctl'), ipv6: join(lab.dir, 'real6.ctl') },
  };
  /** Replies of either, by family and command. */
  const replies = { godwit: new Map<string, string>(), bird: new Map<string, string>() };

  const commandsFor = (family: Family): string[] => {
    const { mesh, tor, nobody, ownBlock, meshBlock, torPrefix } = FACTS[family];
    const other = FACTS[family === 'ipv4' ? 'ipv6' : 'ipv4'];
    return [
      'show status',
      'show protocols',
      'show protocols all',
      `show protocols ${nameOf('Mesh', mesh)}`,
      `show protocols all ${nameOf('Global', tor)}`,
      'show protocols "Mesh*"',
      'show protocols "?o*"',
      'show protocols "X*"',
      'show protocols nope',
      'show route',
      'show route all',
      'show route count',
      'show route primary',
      'show route table master',
      'show route table nope',
      `show route ${meshBlock}`,
      `show route ${meshBlock} all`,
      `show route ${torPrefix} all`,
      `show route for ${ownBlock.replace(/\/.*/, '')}`,
      `show route for ${meshBlock.replace(/\/.*/, '')} all`,
      `show route for ${ownBlock} protocol static1`,
      // The lexer of bird6 knows no IPv4 at all; ours says why it is refused.
      ...(family === 'ipv4' ? [`show route ${other.ownBlock}`, 'show route 192.0.2.0/33'] : []),
      `show route protocol ${nameOf('Mesh', mesh)}`,
      'show route protocol static1',
      'show route protocol kernel1 all',
      'show route protocol direct1 all',
      'show route protocol nope',
      'show route filtered',
      'show route filter nope',
      'show route foo',
      'show route for',
      `show route export ${nameOf('Mesh', mesh)}`,
      `show route export ${nameOf('Global', tor)}`,
      `show route export ${nameOf('Global', nobody)}`,
      'show route stats',
      'show interfaces',
      'show interfaces summary',
      'show symbols protocol',
      'show symbols kernel1',
      'show symbols nope',
      'show static',
      'show static static1',
      'show bfd sessions',
      'show ospf',
      `reload ${nameOf('Mesh', mesh)}`,
      `reload in ${nameOf('Global', tor)}`,
      `reload out ${nameOf('Global', nobody)}`,
      'disable nope',
      'disable "X*"',
      'configure confirm',
      'echo off',
      'show',
      'nonsense',
      '',
      'restrict',
    ];
  };

  async function collect(who: 'godwit' | 'bird'): Promise<void> {
    for (const family of FAMILIES) {
      const { client } = await BirdClient.open(sockets[who][family]);
      for (const command of commandsFor(family)) {
        replies[who].set(`${family} ${command}`, await client.command(command));
      }
      client.close();
    }
  }

  const established = async (path: string, family: Family): Promise<void> => {
    await waitFor(
      async () => calicoPeers(await BirdClient.ask(path, 'show protocols'), family),
      (peers) =>
        peers.filter(({ bgpState }) => bgpState === 'Established').length === 2 &&
        peers.some(({ info }) => info.includes('refused')),
      { what: `two sessions and a refusal on ${path}`, timeoutMs: 60_000 },
    );
    for (const prefix of [FACTS[family].meshBlock, FACTS[family].torPrefix]) {
      await waitFor(
        () => BirdClient.ask(path, `show route ${prefix}`),
        (reply) => reply.startsWith('1007-'),
        { what: `${prefix} on ${path}` },
      );
    }
  };

  beforeAll(async () => {
    node = await lab.namespace('node');
    const bridge = { namespace: node, device: 'eth0', addresses: ['10.9.0.1/24', 'fd09::1/64'] };
    await lab.bridge(bridge);
    for (const [name, addresses] of [
      ['mesh', ['10.9.0.2/24', 'fd09::2/64']],
      ['tor', ['10.9.0.4/24', 'fd09::4/64', '10.9.0.5/24', 'fd09::5/64']],
    ] as const) {
      const namespace = await lab.namespace(name);
      await lab.attach(bridge, { namespace, device: 'eth0', addresses });
      await Bird.start({ lab, namespace, name, config: neighborConfig(name) });
    }
    await node.ip('route', 'add', 'default', 'via', '10.9.0.2');
    await node.ip('route', 'add', '172.20.0.0/16', 'via', '10.9.0.4');
    await node.ip('-6', 'route', 'add', 'default', 'via', 'fd09::2');
    godwit = new Godwit({
      lab,
      namespace: node,
      name: 'a',
      config: { bird: { sockets: 'on', path: join(lab.dir, 'run') } },
      resources: [
        calico('Node', 'a', { bgp: { ipv4Address: '10.9.0.1/24', ipv6Address: 'fd09::1/64' } }),
        calico('Node', 'b', { bgp: { ipv4Address: '10.9.0.2/24', ipv6Address: 'fd09::2/64' } }),
        ...FAMILIES.flatMap((family) => {
          const { pool, ownBlock, tor, nobody } = FACTS[family];
          const six = family === 'ipv6' ? '6' : '';
          return [
            calico('IPPool', `pool-${family}`, { cidr: pool }),
            calico('BlockAffinity', `of-a-${family}`, {
              node: 'a',
              cidr: ownBlock,
              state: 'confirmed',
            }),
            calico('BGPPeer', `tor${six}`, { peerIP: tor, asNumber: 64_601 }),
            calico('BGPPeer', `nobody${six}`, { peerIP: nobody, asNumber: 64_601 }),
          ];
        }),
      ],
    });
    await godwit.start();
    for (const family of FAMILIES) await established(sockets.godwit[family], family);
    await godwit.untilReady();
  });

  afterAll(async () => {
    await godwit?.end();
    await lab.destroy();
  });

  it.each(FAMILIES)(
    'tell calicoctl and the probes of a node how its %s sessions are',
    async (family) => {
      const { mesh, tor, nobody } = FACTS[family];
      const path = sockets.godwit[family];
      const { client, greeting } = await BirdClient.open(path);
      const peers = calicoPeers(await client.command('show protocols'), family);
      expect(peers).toMatchObject([
        { type: 'Global', address: tor, state: 'up', bgpState: 'Established', info: '' },
        { type: 'Global', address: nobody, state: 'start', info: 'Socket: Connection refused' },
        { type: 'Mesh', address: mesh, state: 'up', bgpState: 'Established', info: '' },
      ]);
      expect(readiness(peers)).toBe('');
      const status = await client.command('show status');
      expect(readiness(peers, status)).toBe(`BGP not established with ${nobody}`);
      expect(agentStatus(greeting, status)).toMatchObject({
        ready: true,
        version: expect.stringMatching(/^v\d/),
        routerId: '10.9.0.1',
        lastReboot: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/),
      });
      const details = await client.command(`show protocols all ${nameOf('Mesh', mesh)}`);
      expect(reportedPeer(details)).toEqual({ state: 'Established', address: mesh });
      client.close();
    },
  );

  it.each(FAMILIES)(
    'give bird_exporter and CalicoNodeStatus the right %s values',
    async (family) => {
      const { mesh, tor, meshBlock, torPrefix, ownBlock } = FACTS[family];
      const path = sockets.godwit[family];
      const all = exportedProtocols(await BirdClient.ask(path, 'show protocols all'));
      expect(all.map(({ name, up }) => [name, up])).toEqual([
        ['static1', true],
        ['kernel1', true],
        ['device1', true],
        ['direct1', true],
        [nameOf('Global', tor), true],
        [nameOf('Global', FACTS[family].nobody), false],
        [nameOf('Mesh', mesh), true],
      ]);
      const counts = { imported: 1, exported: 1, preferred: 1 };
      expect(all.find(({ name }) => name === nameOf('Mesh', mesh))).toMatchObject(counts);
      expect(all.find(({ name }) => name === 'static1')).toMatchObject({ imported: 1 });
      const routes = reportedRoutes(await BirdClient.ask(path, 'show route'));
      const fib = { type: 'FIB', interface: 'eth0' };
      const asDots = (address: string): string => address.replaceAll(':', '.');
      expect(routes).toEqual(
        expect.arrayContaining([
          { ...fib, destination: meshBlock, gateway: mesh, learnedFrom: `Mesh ${asDots(mesh)}` },
          { ...fib, destination: torPrefix, gateway: tor, learnedFrom: `Global ${asDots(tor)}` },
          expect.objectContaining({ destination: ownBlock, learnedFrom: 'static', type: 'FIB' }),
          expect.objectContaining({ gateway: mesh, learnedFrom: 'kernel', type: 'FIB' }),
          expect.objectContaining({ learnedFrom: 'direct', gateway: 'N/A', interface: 'eth0' }),
        ]),
      );
    },
  );

  it.each(['bird1', 'bird2'] as const)('answer the real birdc of %s', async (generation) => {
    const peer = findPeer(generation);
    if ('missing' in peer) throw new Error(peer.missing);
    const ask = async (...words: string[]): Promise<string> =>
      (await run([peer.client, '-s', sockets.godwit.ipv4, ...words])).stdout;
    expect(await ask('show', 'status')).toMatch(
      /^BIRD v\S+ ready\.\nBIRD v\S+\nRouter ID is 10\.9\.0\.1\n[\s\S]*\nDaemon is up and running\n$/,
    );
    // Abbreviated: it is the client that makes whole words of it.
    expect(await ask('sh', 'prot')).toMatch(
      /^Mesh_10_9_0_2 BGP {6}master {3}up {5}\S+ +Established/m,
    );
    expect(await ask('show', 'route', 'for', '10.244.2.7')).toContain(
      '10.244.2.0/26      via 10.9.0.2 on eth0 [Mesh_10_9_0_2 ',
    );
    expect(await ask('-r', 'disable', 'all')).toContain('Access denied');
    expect(await ask('disable', 'Mesh_10_9_0_2')).toContain('Mesh_10_9_0_2: disabled');
    expect(await ask('show', 'protocols', 'Mesh_10_9_0_2')).toMatch(/down +\S+ +$/m);
    expect(await ask('enable', 'Mesh_10_9_0_2')).toContain('Mesh_10_9_0_2: enabled');
    await established(sockets.godwit.ipv4, 'ipv4');
  });

  it('read the datastore on configure, and say what is wrong in it', async () => {
    const path = sockets.godwit.ipv4;
    const reading = `0002-Reading configuration from ${godwit.resourcesDir}\n`;
    expect(await BirdClient.ask(path, 'configure check')).toBe(`${reading}0020 Configuration OK\n`);
    godwit.writeResource(calico('IPPool', 'third', { cidr: '10.77.0.0/16' }));
    expect(await BirdClient.ask(path, 'configure')).toBe(`${reading}0003 Reconfigured\n`);
    godwit.writeResource(calico('IPPool', 'third', { cidr: 'nonsense' }));
    expect(await BirdClient.ask(path, 'configure check')).toMatch(
      /^0002-.*\n8002 .*ippool-third\.yaml:\d+.*nonsense/,
    );
    expect(await BirdClient.ask(path, 'configure soft')).toMatch(/^0002-.*\n8002 .*nonsense/);
    godwit.removeResource('IPPool', 'third');
    expect(await BirdClient.ask(path, 'configure')).toBe(`${reading}0003 Reconfigured\n`);
  });

  it('say what the BIRD of that generation says in the same situation', async () => {
    await collect('godwit');
    // As SIGTERM would: the sockets go with the daemon.
    expect(await BirdClient.ask(sockets.godwit.ipv6, 'down')).toBe('0007 Shutdown requested\n');
    await godwit.running.exited;
    await node.ip('route', 'flush', 'proto', 'bird');
    await node.ip('-6', 'route', 'flush', 'proto', 'bird');
    const running: Running[] = [];
    for (const family of FAMILIES) running.push(await startBird1(family));
    for (const family of FAMILIES) await established(sockets.bird[family], family);
    await collect('bird');
    await Promise.all(running.map((one) => stopProcess(one)));
    const shown = (who: 'godwit' | 'bird'): Record<string, string[]> =>
      Object.fromEntries(
        [...replies[who]].map(([key, reply]) => {
          const isTable = / show (route|static|symbols|protocols$|protocols all$)/.test(key);
          return [key, (isTable ? unordered : normal)(reply)];
        }),
      );
    expect(shown('godwit')).toEqual(shown('bird'));
  });

  async function startBird1(family: Family): Promise<Running> {
    const peer = findPeer('bird1');
    if ('missing' in peer) throw new Error(peer.missing);
    const daemon = family === 'ipv4' ? peer.daemon : peer.others['bird6']!;
    const conf = join(lab.dir, `real-${family}.conf`);
    writeFileSync(conf, bird1Config(family));
    const argv = [daemon, '-f', '-c', conf, '-s', sockets.bird[family]];
    return lab.spawn(node, { name: `real-${family}`, argv });
  }
});
