/**
 * The daemon that a node of a topology runs: the real one in place of its container's image, with the files that the
 * topology binds into that container.
 */
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { startFrr } from './frr.ts';
import type { LabNode } from './lab-file.ts';
import { IMAGES } from './lab-image.ts';
import { startOpenbgpd } from './openbgpd.ts';
import { resourceFiles } from './resources.ts';
import { type Speaker, type SpeakerPlace, startBird, startGobgp, startGodwit } from './speakers.ts';

export async function startLabNode(node: LabNode, place: SpeakerPlace): Promise<Speaker> {
  switch (node.image) {
    case 'godwit':
      return startGodwit(place, resourcesOf(node), configOf(node));
    case 'bird':
      copyIncluded(node, place.dir);
      return startBird(place, boundText(node));
    case 'gobgp':
      return startGobgp(place, { toml: boundText(node), announce: announcements(node) });
    case 'frr':
      return startFrr(place, boundText(node));
    case 'openbgpd':
      return startOpenbgpd(place, boundText(node));
  }
}

/** The resources that a godwit node mounts. */
export function resourcesOf(node: LabNode): ReturnType<typeof resourceFiles> {
  return resourceFiles(bound(node, IMAGES.godwit.wants));
}

function configOf(node: LabNode): string | undefined {
  const path = node.binds.get('/etc/godwit/godwit.yaml');
  return path === undefined ? undefined : readFileSync(path, 'utf8');
}

function boundText(node: LabNode): string {
  return readFileSync(bound(node, IMAGES[node.image].wants), 'utf8');
}

function bound(node: LabNode, target: string): string {
  const path = node.binds.get(target);
  if (path === undefined) throw new RangeError(`${node.name} binds nothing to ${target}`);
  return path;
}

/** BIRD looks for what it includes beside its own file. */
function copyIncluded(node: LabNode, dir: string): void {
  mkdirSync(dir, { recursive: true });
  for (const [target, path] of node.binds) {
    if (target !== IMAGES.bird.wants && target.startsWith('/etc/bird/')) {
      copyFileSync(path, join(dir, basename(target)));
    }
  }
}

/** Arguments of `gobgp` for each prefix of `ANNOUNCE`, as `config/compose/outside.sh` does. */
function announcements(node: LabNode): string[][] {
  const prefixes = (node.env['ANNOUNCE'] ?? '').split(' ').filter((prefix) => prefix !== '');
  return prefixes.map((prefix) => {
    const family = prefix.includes(':') ? 'ipv6' : 'ipv4';
    return ['global', 'rib', 'add', prefix, '-a', family];
  });
}
