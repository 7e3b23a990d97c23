/**
 * Inside user-mode Linux: three nodes and a router with the kernel's own IP-in-IP device, a godwitd on each node that
 * makes and addresses `tunl0` itself, and pings from pod to pod.
 *
 *   a 10.1.0.1, c 10.1.0.3 ── rack 1 ── router ── 10.2.0.1 b
 */

import { readFileSync } from 'node:fs';
import { Godwit } from '../../test/support/godwit.ts';
import { NetworkLab } from '../../test/support/netns.ts';
import { waitFor } from '../../test/support/wait-for.ts';
import type { Namespace } from '../fabric/netns.ts';
import { type Running, stopProcess } from '../fabric/process.ts';
import { type GuestNode, NODES, resources, SHARED_POD } from './topology.ts';

/** tunl0 in front of Ethernet: 1500 - 20; of that, 28 are the headers of an echo request. */
const PAYLOAD_MAX = 1500 - 20 - 28;
/** Sources of pings to the block that two nodes have: one in 32,768 runs would take one way with all. */
const SOURCES = 16;
const READY_MS_MAX = 120_000;
/** One processor without hardware help: a start takes some seconds, on a busy machine many. */
const START_MS_MAX = 90_000;

class Guest {
  readonly #lab = new NetworkLab();
  readonly #spaces = new Map<string, Namespace>();
  readonly #daemons = new Map<string, Godwit>();
  #failed = 0;

  async run(): Promise<number> {
    try {
      await this.#build();
      await this.#routes();
      await this.#devices();
      await this.#pings();
      await this.#mtu();
      await this.#ecmp();
      await this.#raisedAgain();
    } catch (error) {
      this.#check(false, error instanceof Error ? error.message : String(error));
      for (const [name, godwit] of this.#daemons) say(`--- ${name}\n${godwit.log().slice(-3000)}`);
    }
    say(this.#failed === 0 ? 'all held' : `${this.#failed} did not hold`);
    return this.#failed === 0 ? 0 : 1;
  }

  async #build(): Promise<void> {
    const lab = this.#lab;
    const router = await lab.namespace('router');
    this.#spaces.set('router', router);
    const rack = { namespace: router, device: 'rack1', addresses: ['10.1.0.254/24'] };
    await lab.bridge(rack);
    for (const node of NODES) {
      const namespace = await lab.namespace(node.name);
      this.#spaces.set(node.name, namespace);
      const end = { namespace, device: 'eth0', addresses: [`${node.address}/24`] };
      if (node.gateway === '10.1.0.254') await lab.attach(rack, end);
      else
        await lab.link(end, {
          namespace: router,
          device: 'rack2',
          addresses: [`${node.gateway}/24`],
        });
      await namespace.ip('route', 'add', 'default', 'via', node.gateway);
      await namespace.ip('link', 'add', 'pod0', 'type', 'dummy');
      await namespace.ip('link', 'set', 'pod0', 'up');
      for (const pod of podsOf(node))
        await namespace.ip('address', 'add', `${pod}/32`, 'dev', 'pod0');
    }
    for (const node of NODES) {
      const namespace = this.#space(node.name);
      const config = { kernel: { manageTunnel: true }, log: { level: 'info', format: 'json' } };
      const options = { lab, namespace, name: node.name, resources: resources(), config };
      const godwit = new Godwit({ ...options, startMs: START_MS_MAX });
      this.#daemons.set(node.name, godwit);
      await godwit.start();
      say(`godwitd runs on ${node.name}`);
    }
  }

  async #routes(): Promise<void> {
    const wanted = [
      /^10\.244\.2\.0\/26 via 10\.2\.0\.1 dev tunl0 proto bird .*onlink/m,
      /^10\.244\.3\.0\/26 via 10\.1\.0\.3 dev tunl0 proto bird .*onlink/m,
      /^10\.245\.2\.0\/26 via 10\.2\.0\.1 dev tunl0 proto bird .*onlink/m,
      /^10\.245\.3\.0\/26 via 10\.1\.0\.3 dev eth0 proto bird/m,
      /^10\.244\.9\.0\/26 proto bird .*\n\s+nexthop via 10\.1\.0\.3 dev tunl0 weight 1 onlink\s*\n\s+nexthop via 10\.2\.0\.1 dev tunl0 weight 1 onlink/m,
    ];
    const shown = await waitFor(
      () => this.#space('a').ip('route', 'show'),
      (text) => wanted.every((one) => one.test(text)),
      { what: 'the routes of node a', timeoutMs: READY_MS_MAX, intervalMs: 500 },
    );
    for (const name of ['b', 'c']) {
      await waitFor(
        () => this.#space(name).ip('route', 'show'),
        (text) => /10\.244\.1\.0\/26 via 10\.1\.0\.1 dev tunl0/.test(text),
        { what: `the routes of node ${name}`, timeoutMs: READY_MS_MAX, intervalMs: 500 },
      );
    }
    say(`routes of node a:\n${shown.trimEnd()}`);
    this.#check(true, 'Always, CrossSubnet and ECMP routes are through tunl0, onlink per next hop');
  }

  async #devices(): Promise<void> {
    for (const { name, tunnel } of NODES) {
      const text = await this.#space(name).ip('-d', 'address', 'show', 'tunl0');
      const right = /ipip/.test(text) && /mtu 1480/.test(text) && /[<,]UP[,>]/.test(text);
      this.#check(
        right && text.includes(`inet ${tunnel}/32`),
        `${name} raised and addressed tunl0, MTU 1480`,
      );
    }
  }

  async #pings(): Promise<void> {
    const capture = await this.#capture('ip proto 4');
    await this.#ping('a', '10.244.1.5', '10.244.2.5', 'Always, through the router');
    await this.#ping('a', '10.244.1.5', '10.244.3.5', 'Always, inside the rack');
    await this.#ping('b', '10.245.2.5', '10.245.1.5', 'CrossSubnet, through the router');
    const before = await this.#sent('a');
    await this.#ping('a', '10.245.1.5', '10.245.3.5', 'CrossSubnet, inside the rack');
    this.#check(
      (await this.#sent('a')) === before,
      'inside the subnet CrossSubnet sends nothing through tunl0',
    );
    const text = await this.#captured(capture);
    say(`encapsulated, as the router saw it:\n${text.split('\n').slice(0, 12).join('\n')}`);
    const inner =
      /IP 10\.1\.0\.1 > 10\.2\.0\.1: IP 10\.244\.1\.5 > 10\.244\.2\.5: ICMP echo request/;
    this.#check(inner.test(text), 'the ping is IP in IP, from node to node, on the wire');
  }

  async #mtu(): Promise<void> {
    const words = (size: number) => ['-M', 'do', '-s', String(size)];
    await this.#ping(
      'a',
      '10.244.1.5',
      '10.244.2.5',
      `${PAYLOAD_MAX} octets unfragmented`,
      words(PAYLOAD_MAX),
    );
    const argv = [
      'ping',
      '-c',
      '1',
      '-W',
      '2',
      ...words(PAYLOAD_MAX + 1),
      '-I',
      '10.244.1.5',
      '10.244.2.5',
    ];
    const { code } = await this.#space('a').run(argv);
    this.#check(
      code !== 0,
      `${PAYLOAD_MAX + 1} octets do not fit the tunnel, and are refused on the node`,
    );
  }

  async #ecmp(): Promise<void> {
    const before = [await this.#received('b'), await this.#received('c')];
    for (let i = 0; i < SOURCES; i++) {
      const source = `10.244.1.${20 + i}`;
      await this.#space('a').ip('address', 'add', `${source}/32`, 'dev', 'pod0');
      await this.#ping('a', source, SHARED_POD, `from ${source}`, ['-i', '0.2'], true);
    }
    const [b, c] = [
      (await this.#received('b')) - before[0]!,
      (await this.#received('c')) - before[1]!,
    ];
    this.#check(b > 0 && c > 0, `ECMP through tunl0: ${b} packets to b, ${c} to c, each answered`);
  }

  async #raisedAgain(): Promise<void> {
    const node = this.#space('a');
    await node.ip('link', 'set', 'tunl0', 'down');
    await waitFor(
      () => node.ip('route', 'show', 'dev', 'tunl0'),
      (text) => text.includes('10.244.2.0/26'),
      { what: 'tunl0 and its routes to be back', timeoutMs: 30_000 },
    );
    await this.#ping('a', '10.244.1.5', '10.244.2.5', 'after somebody set tunl0 down');
  }

  #space(name: string): Namespace {
    const found = this.#spaces.get(name);
    if (found === undefined) throw new RangeError(`no namespace ${name}`);
    return found;
  }

  async #ping(
    from: string,
    source: string,
    to: string,
    what: string,
    words: readonly string[] = [],
    quiet = false,
  ): Promise<void> {
    const argv = ['ping', '-c', '2', '-W', '5', ...words, '-I', source, to];
    const { code, stdout } = await this.#space(from).run(argv);
    this.#check(code === 0, `ping ${source} → ${to}: ${what}`, quiet);
    if (code !== 0) say(stdout);
  }

  async #capture(filter: string): Promise<Running> {
    const argv = ['tcpdump', '-nn', '-l', '-i', 'any', filter];
    const running = await this.#lab.spawn(this.#space('router'), { name: 'tcpdump', argv });
    await waitFor(
      () => readFileSync(running.logPath, 'utf8'),
      (text) => /listening on/.test(text),
      {
        what: 'tcpdump to listen',
      },
    );
    return running;
  }

  async #captured(running: Running): Promise<string> {
    await waitFor(
      () => readFileSync(running.logPath, 'utf8'),
      (text) => /echo reply/.test(text),
      {
        what: 'tcpdump to see the pings',
      },
    );
    await stopProcess(running, { signal: 'SIGINT' });
    const lines = readFileSync(running.logPath, 'utf8').split('\n');
    return lines.filter((line) => line.includes('ICMP')).join('\n');
  }

  async #sent(name: string): Promise<number> {
    return Number(await this.#counter(name, 'tx_packets'));
  }

  async #received(name: string): Promise<number> {
    return Number(await this.#counter(name, 'rx_packets'));
  }

  async #counter(name: string, counter: string): Promise<string> {
    const [link] = await this.#space(name).ipJson<{ stats64: Record<string, { packets: number }> }>(
      ...['-s', 'link', 'show', 'tunl0'],
    );
    return String(link!.stats64[counter.slice(0, 2)]!.packets);
  }

  #check(holds: boolean, what: string, quiet = false): void {
    if (!holds) this.#failed++;
    if (!holds || !quiet) say(`${holds ? 'ok    ' : 'FAILED'} ${what}`);
  }
}

function podsOf({ number, sharesPod }: GuestNode): string[] {
  return [`10.244.${number}.5`, `10.245.${number}.5`, ...(sharesPod ? [SHARED_POD] : [])];
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

process.exit(await new Guest().run());
