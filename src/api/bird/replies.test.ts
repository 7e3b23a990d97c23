/** Every command's replies to the letter: `test/fixtures/bird/*.txt` hold them as a client would see them. */

import { describe, expect, it } from 'vitest';
import { exporterSeesEnd } from '../../../test/support/bird-parsers.ts';
import { ip } from '../../net/ip-address.ts';
import { BirdStage } from '../testing/bird.ts';
import { BIRD_COMMANDS } from './commands.ts';
import type { BirdFamily } from './port.ts';

const FIXTURES = '../../../test/fixtures/bird';
const A = '10.244.1.0/26';
const B = '10.244.2.0/26';

/** An iBGP neighbor, one outside, one that does not answer, and one of IPv6 likewise; routes that compete and one to nowhere. */
function node(): BirdStage {
  const bird = new BirdStage({
    peers: [
      { gracefulRestart: { restartTime: 60, forwarding: ['ipv4-unicast'] } },
      { as: 65001 },
      { listens: false },
      { address: ip('fd00::11'), listens: false },
    ],
  });
  const { stage } = bird;
  const up = stage.peers.slice(0, 2);
  stage.lab.runUntil(() => up.every(({ isEstablished }) => isEstablished));
  stage.peers[0]!.talk.announce([A], { localPref: 200, communities: [0xfde80007] });
  stage.peers[0]!.talk.announce([B], { localPref: 100, nextHop: ip('10.0.0.77') });
  stage.peers[1]!.talk.announce([A, '203.0.113.0/24'], { med: 5 });
  stage.lab.run(3000);
  return bird;
}

interface Case {
  readonly file: string;
  readonly requests: readonly string[];
  readonly family?: BirdFamily;
  /** Brings the node where it is to be asked. */
  readonly prepare?: (bird: BirdStage) => void;
}

const CASES: readonly Case[] = [
  { file: 'show-status', requests: ['show status', 'show status now'] },
  {
    file: 'show-protocols',
    requests: [
      'show protocols',
      'show protocols "Global*"',
      'show protocols "X*"',
      'show protocols Global_10_0_0_11',
      'show protocols nope',
      'show protocols all static1',
      'show protocols all',
      'show protocols Global_10_0_0_11 more',
      'show protocols "Global',
    ],
  },
  { file: 'show-protocols-ipv6', requests: ['show protocols', 'show route'], family: 'ipv6' },
  {
    file: 'show-route',
    requests: [
      'show route',
      'show route all',
      `show route ${A}`,
      `show route for 10.244.1.9 all`,
      'show route for 8.8.8.8',
      'show route primary count',
      'show route stats',
      'show route protocol Global_10_0_0_12',
      'show route export Global_10_0_0_12',
      'show route export Global_10_0_0_13',
      'show route filtered',
      'show route table master primary',
    ],
  },
  {
    file: 'show-route-refused',
    requests: [
      'show route 10.244.9.0/26',
      'show route where net ~ 10.0.0.0/8',
      'show route filter nope',
      'show route preexport Global_10_0_0_12',
      'show route export kernel1',
      'show route protocol nope',
      'show route protocol',
      'show route table nope',
      'show route fd00::/64',
      'show route 10.0.0.0/33',
      'show route 10.0.0.1',
      'show route for',
      'show route for nobody',
      'show route foo',
      'show route "x"',
    ],
  },
  { file: 'show-interfaces', requests: ['show interfaces', 'show interfaces summary'] },
  { file: 'show-memory', requests: ['show memory', 'show memory all'] },
  {
    file: 'show-symbols',
    requests: ['show symbols', 'show symbols table', 'show symbols kernel1', 'show symbols nope'],
  },
  { file: 'show-static', requests: ['show static', 'show static static1', 'show static kernel1'] },
  {
    file: 'show-absent',
    requests: ['show bfd sessions', 'show ospf', 'show rip interfaces', 'show babel routes'],
  },
  {
    file: 'configure',
    requests: [
      'configure',
      'configure soft',
      'configure check',
      'configure undo',
      'configure confirm',
      'configure timeout 5',
      'configure "/tmp/other.conf"',
      'configure everything',
    ],
  },
  {
    file: 'configure-mistake',
    requests: ['configure', 'configure check'],
    prepare: (bird) => {
      bird.mistake = 'ippool.yaml:7: cidr: not a prefix';
    },
  },
  {
    file: 'configure-held',
    requests: ['configure'],
    prepare: (bird) => {
      bird.held = 'it would remove 3 of 4 sessions';
    },
  },
  {
    file: 'change-protocols',
    requests: [
      'disable Global_10_0_0_12',
      'disable Global_10_0_0_12',
      'show protocols all Global_10_0_0_12',
      'restart Global_10_0_0_12',
      'reload Global_10_0_0_12',
      'enable Global_10_0_0_12',
      'enable Global_10_0_0_12',
      'restart "Global_10_0_0_1?"',
      'reload all',
      'reload in fd00',
      'reload out Global_fd00__11',
      'enable all',
      'disable kernel1',
      'disable "X*"',
      'disable',
      'disable nope',
      'disable Global_10_0_0_12 Global_10_0_0_13',
    ],
  },
  {
    file: 'reload',
    requests: [
      'reload Global_10_0_0_11',
      'reload in Global_10_0_0_11',
      'reload out Global_10_0_0_11',
      'reload "*13"',
      'reload in',
    ],
  },
  { file: 'down', requests: ['down now', 'down'] },
  {
    file: 'restrict',
    requests: ['restrict', 'disable all', 'configure', 'down', 'show route count', 'restrict me'],
  },
  { file: 'echo', requests: ['echo all', 'echo { info } 4096', 'echo off', 'echo', 'echo loud'] },
  { file: 'help', requests: ['help'] },
  { file: 'unknown', requests: ['', '  ', 'show', 'Show status', 'sh st', '?', 'eval 1+1'] },
];

describe('replies', () => {
  it.each(CASES)('$file are those of the fixture', async ({ file, requests, family, prepare }) => {
    const bird = node();
    prepare?.(bird);
    const session = bird.session(family);
    let text = session.greeting();
    for (const request of requests) text += `> ${request}\n${bird.ask(request, session)}`;
    await expect(text).toMatchFileSnapshot(`${FIXTURES}/${file}.txt`);
  });

  it('are there for every command', () => {
    const asked = CASES.flatMap(({ requests }) => requests);
    for (const { words } of BIRD_COMMANDS) {
      expect(asked.some((request) => `${request} `.startsWith(`${words.join(' ')} `))).toBe(true);
    }
  });

  it.each(CASES)('$file end each with one last line, and no line before looks like one', (one) => {
    const bird = node();
    one.prepare?.(bird);
    const session = bird.session(one.family);
    for (const request of one.requests) {
      const lines = bird.ask(request, session).split('\n').slice(0, -1);
      expect(lines.filter((line) => /^\d{4} /.test(line))).toEqual([lines.at(-1)]);
      // An exporter stops reading at what looks like an end, wherever it stands (calico model 7.4).
      expect(lines.filter(exporterSeesEnd)).toEqual(
        /^[089]/.test(lines.at(-1)!) ? [lines.at(-1)] : [],
      );
      for (const line of lines.slice(0, -1)) expect(line).toMatch(/^(\d{4}-| )/);
    }
  });
});
