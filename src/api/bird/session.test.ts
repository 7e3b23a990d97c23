/** What a client changes for itself, and that tables of any size are walked in turns. */

import { describe, expect, it } from 'vitest';
import { ip } from '../../net/ip-address.ts';
import { BirdStage } from '../testing/bird.ts';
import { tokensOf } from './tokens.ts';

describe('echo', () => {
  it('gives events as lines that begin with +, until it is switched off or the client goes', () => {
    const bird = new BirdStage();
    const heard: string[] = [];
    const session = bird.session('ipv4', (line) => heard.push(line));
    const tell = (reason: string) => bird.events.add({ event: 'datastore-back', reason });
    tell('before');
    bird.ask('echo all', session);
    tell('it can be read again');
    bird.ask('echo off', session);
    tell('after');
    expect(heard).toEqual([expect.stringMatching(/^\+.*it can be read again.*\n$/)]);
    bird.ask('echo all', session);
    session.close();
    tell('later');
    expect(heard).toHaveLength(1);
  });
});

describe('restrict', () => {
  it('holds for the client that said it, and for no other', () => {
    const bird = new BirdStage();
    const session = bird.session();
    bird.ask('restrict', session);
    expect(bird.ask('disable all', session)).toBe('8007 Access denied\n');
    expect(bird.commands).toEqual([]);
    expect(bird.ask('disable all')).toContain('disabled');
    expect(bird.commands).toMatchObject([{ command: 'disableNeighbor' }]);
  });
});

describe('down', () => {
  it('stops the daemon as a restart, and says so before it is done', () => {
    const bird = new BirdStage();
    expect(bird.ask('down')).toBe('0007 Shutdown requested\n');
    expect(bird.commands).toEqual([
      { command: 'shutdown', mode: 'restart', message: 'down on the BIRD socket of ipv4' },
    ]);
  });
});

describe('many sessions', () => {
  it('are looked at in turns, and one alone where one is named', () => {
    const peers = Array.from({ length: 20 }, (_, i) => {
      return { address: ip(`10.0.0.${11 + i}`), listens: false };
    });
    const bird = new BirdStage({ peers });
    expect(bird.ask('show protocols').split('\n').slice(0, -1)).toHaveLength(1 + 4 + 20 + 1);
    expect(bird.turns).toBe(20);
    expect(bird.ask('show protocols Global_10_0_0_12')).toContain('Global_10_0_0_12');
    expect(bird.turns).toBe(0);
    expect(bird.ask('show protocols "*_10_0_0_3*"').match(/Global/g)).toHaveLength(1);
    expect(bird.turns).toBe(20);
  });
});

describe('a large table', () => {
  it('is shown and counted in turns, every network once', () => {
    const bird = new BirdStage();
    const { stage } = bird;
    stage.up();
    const prefixes = Array.from({ length: 3000 }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`);
    for (let at = 0; at < prefixes.length; at += 500) {
      stage.peer.talk.announce(prefixes.slice(at, at + 500));
    }
    stage.lab.run(1000);
    const shown = bird.ask('show route protocol Global_10_0_0_11').split('\n');
    expect(bird.turns).toBeGreaterThan(90);
    expect(shown).toHaveLength(3002);
    expect(new Set(shown).size).toBe(3002);
    expect(bird.ask('show route count')).toBe('0014 3003 of 3003 routes for 3002 networks\n');
    const session = bird.session();
    const details = 'show protocols all Global_10_0_0_11';
    expect(bird.ask(details, session)).toContain('3000 imported, 1 exported, 3000 preferred');
    expect(bird.turns).toBe(2);
    // For each session in turn, as CalicoNodeStatus asks, it is not counted again.
    bird.ask(details, session);
    expect(bird.turns).toBe(1);
    stage.peer.talk.withdraw(prefixes.slice(0, 500));
    stage.lab.run(100);
    expect(bird.ask(details, session)).toContain('2500 imported, 1 exported, 2500 preferred');
  });
});

describe('words', () => {
  it('are split at blanks; what is quoted is no keyword', () => {
    expect(tokensOf(' show  protocols "a b"\t')).toEqual([
      { text: 'show', quoted: false },
      { text: 'protocols', quoted: false },
      { text: 'a b', quoted: true },
    ]);
    const bird = new BirdStage();
    expect(bird.ask('"show" status')).toBe('9001 syntax error\n');
    expect(bird.ask('show protocols "all"')).toBe('8003 No protocols match\n');
  });
});
