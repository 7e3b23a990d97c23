/**
 * A block moves from node to node under traffic: the new owner announces it, the old one withdraws it, and whoever
 * sends to it loses at most what was in flight. Two owners of one block meanwhile are two next hops of one route.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Namespace } from '../../tools/fabric/netns.ts';
import { calico, Godwit } from '../support/godwit.ts';
import { NetworkLab } from '../support/netns.ts';
import { describeWith } from '../support/requirements.ts';
import { waitFor } from '../support/wait-for.ts';

const BLOCK = '10.244.9.0/26';
/** Has two owners all the time. */
const SIX = 'fd00:244:9::/122';
const POD = '10.244.9.5';
const ADDRESSES = { client: '10.9.0.1', a: '10.9.0.2', b: '10.9.0.3' } as const;
type Member = keyof typeof ADDRESSES;
const SIXES = { client: 'fd09::1', a: 'fd09::2', b: 'fd09::3' } as const;
const MEMBERS = Object.keys(ADDRESSES) as Member[];
/** One echo request is on the wire at the moment of the change, and one may be on the way back. */
const IN_FLIGHT = 2;

describeWith(
  ['root', 'netns', 'ip', 'veth', 'bridge', 'ping', 'native'],
  'a block that moves',
  () => {
    const lab = new NetworkLab();
    const spaces = new Map<Member, Namespace>();
    const daemons = new Map<Member, Godwit>();

    const owner = (node: Member) =>
      calico('BlockAffinity', `of-${node}`, { node, cidr: BLOCK, state: 'confirmed' });

    beforeAll(async () => {
      const fabric = { namespace: await lab.namespace('fabric'), device: 'br0' };
      await lab.bridge(fabric);
      for (const member of MEMBERS) {
        const namespace = await lab.namespace(member);
        spaces.set(member, namespace);
        const addresses = [`${ADDRESSES[member]}/24`, `${SIXES[member]}/64`];
        await lab.attach(fabric, { namespace, device: 'eth0', addresses });
      }
      // The pod answers on both nodes, as while it is moved.
      for (const member of ['a', 'b'] as const) {
        await spaces.get(member)!.ip('address', 'add', `${POD}/32`, 'dev', 'lo');
      }
      const nodes = MEMBERS.map((name) =>
        calico('Node', name, {
          bgp: { ipv4Address: `${ADDRESSES[name]}/24`, ipv6Address: `${SIXES[name]}/64` },
        }),
      );
      for (const name of MEMBERS) {
        const pools = [
          calico('IPPool', 'pods', { cidr: '10.244.0.0/16' }),
          calico('IPPool', 'six', { cidr: 'fd00:244::/32' }),
        ];
        const six = (['a', 'b'] as const).map((node) =>
          calico('BlockAffinity', `six-of-${node}`, { node, cidr: SIX, state: 'confirmed' }),
        );
        const resources = [...nodes, ...pools, owner('a'), ...six];
        const godwit = new Godwit({ lab, namespace: spaces.get(name)!, name, resources });
        daemons.set(name, godwit);
      }
      await Promise.all([...daemons.values()].map((godwit) => godwit.start()));
      await untilVia('a');
    });

    afterAll(async () => {
      await lab.destroy();
    });

    async function untilVia(...members: readonly Member[]): Promise<void> {
      await waitFor(
        () => spaces.get('client')!.ip('route', 'show', BLOCK),
        (text) =>
          [...text.matchAll(/via (\S+)/g)].map((match) => match[1]).join() ===
          members.map((member) => ADDRESSES[member]).join(),
        { what: `the client to send by ${members.join(' and ')}`, intervalMs: 20 },
      );
    }

    /** In every node's resources, as a datastore would have it. */
    function everywhere(edit: (godwit: Godwit) => void): void {
      for (const godwit of daemons.values()) edit(godwit);
    }

    /** Pings at 100 a second while `act` runs. @returns how many were lost. */
    async function lostDuring(act: () => Promise<void>): Promise<number> {
      const argv = ['ping', '-n', '-i', '0.01', '-c', '400', '-W', '1', POD];
      const pinging = spaces.get('client')!.run(argv);
      await act();
      const { stdout } = await pinging;
      const [, sent, received] = /(\d+) packets transmitted, (\d+) received/.exec(stdout) ?? [];
      expect(Number(sent)).toBe(400);
      return Number(sent) - Number(received);
    }

    it('loses at most what was in flight, from a to b and back', async () => {
      const lost: number[] = [];
      for (const [from, to] of [
        ['a', 'b'],
        ['b', 'a'],
      ] as const) {
        lost.push(
          await lostDuring(async () => {
            everywhere((godwit) => godwit.writeResource(owner(to)));
            await untilVia('a', 'b'); // two owners: both are next hops
            everywhere((godwit) => godwit.removeResource('BlockAffinity', `of-${from}`));
            await untilVia(to);
          }),
        );
      }
      console.log(`lost ${lost.join(' and ')} of 400 pings`);
      for (const count of lost) expect(count).toBeLessThanOrEqual(IN_FLIGHT);
    });

    it('has an IPv6 route whole again after one of its next hops was deleted, and says so', async () => {
      const client = spaces.get('client')!;
      const both = () =>
        waitFor(
          () => client.ip('-6', 'route', 'show', SIX),
          (text) => text.includes('via fd09::2 dev eth0') && text.includes('via fd09::3 dev eth0'),
          { what: 'both next hops of the IPv6 block', intervalMs: 20 },
        );
      await both();
      await client.ip('-6', 'route', 'delete', SIX, 'via', 'fd09::3', 'dev', 'eth0', 'proto', '12');
      await both();
      const told = await waitFor(
        () => daemons.get('client')!.events('route-restored'),
        (events) => events.some(({ prefix }) => prefix === SIX),
        { what: 'the event' },
      );
      expect(told.at(-1)!['reason']).toMatch(/deleted (some of its next hops|it)/);
    });

    it('names a block that two nodes own, while it lasts', async () => {
      everywhere((godwit) => godwit.writeResource(owner('b')));
      const { code, stdout } = await waitFor(
        () => daemons.get('client')!.runCommand('show', 'problems'),
        (answer) => answer.stdout.includes(BLOCK),
        { what: 'the two owners to be named', intervalMs: 500 },
      );
      expect([code, stdout]).toEqual([
        0,
        expect.stringContaining('Block 10.244.9.0/26 belongs to a and b'),
      ]);
      everywhere((godwit) => godwit.removeResource('BlockAffinity', 'of-b'));
    });
  },
);
