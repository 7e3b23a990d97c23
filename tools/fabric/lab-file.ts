/**
 * A containerlab topology, read for the fabric: which namespaces, which wires, which commands in them, which daemons.
 * What cannot be played here is refused with file, line, path and what could stand there instead.
 */
import { readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import type { Path } from '../../src/datastore/documents.ts';
import { IMAGES, type ImageKind, imageKind, type LabExec, parseExec } from './lab-image.ts';
import { type Fields, LabError, LabYaml, shown } from './lab-yaml.ts';

export interface Lab {
  /** Absolute path of the topology file. */
  readonly file: string;
  readonly name: string;
  readonly nodes: readonly LabNode[];
  readonly links: readonly LabLink[];
}

export interface LabNode {
  readonly name: string;
  readonly image: ImageKind;
  /** Whether it runs its image's daemon; one that does not is a namespace with addresses, such as a pod. */
  readonly speaks: boolean;
  readonly env: Readonly<Record<string, string>>;
  readonly sysctls: Readonly<Record<string, string>>;
  /** Path inside the container → absolute path here. */
  readonly binds: ReadonlyMap<string, string>;
  /** In the file's order, without the start of the daemon. */
  readonly exec: readonly LabExec[];
}

export interface LabEnd {
  readonly node: string;
  readonly device: string;
}
export type LabLink = readonly [LabEnd, LabEnd];

/** @throws {LabError} */
export function readLab(file: string): Lab {
  const path = resolve(file);
  try {
    return parseLab(path, readFileSync(path, 'utf8'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'EISDIR') throw error;
    throw new LabError(`${file}: no such file; topologies are in config/containerlab/*.clab.yml`);
  }
}

/** @param file  Absolute; binds are relative to its folder, as containerlab reads them. */
export function parseLab(file: string, text: string): Lab {
  return new LabReader(file, text).read();
}

/** The file beside the topology that says what must come of it. */
export function expectFile(lab: Lab): string {
  return lab.file.replace(/(\.clab)?\.ya?ml$/, '.expect.yml');
}

/** `dual-tor` of `dual-tor.clab.yml`. */
export function labTitle(lab: Lab): string {
  return basename(lab.file).replace(/(\.clab)?\.ya?ml$/, '');
}

const ROOT_KEYS = ['name', 'prefix', 'topology'];
const TOPOLOGY_KEYS = ['defaults', 'nodes', 'links'];
const NODE_KEYS = ['kind', 'image', 'network-mode', 'env', 'sysctls', 'binds', 'cmd', 'exec'];
/** What the kernel takes as the name of an interface. */
const DEVICE = /^[A-Za-z0-9._-]{1,15}$/;
const NODE_NAME = /^[a-z0-9][a-z0-9-]{0,30}$/;

class LabReader {
  readonly #path: string;
  readonly #yaml: LabYaml;

  constructor(path: string, text: string) {
    this.#path = path;
    this.#yaml = new LabYaml(path, text);
  }

  read(): Lab {
    const yaml = this.#yaml;
    const root = yaml.object([], yaml.root, ROOT_KEYS);
    const topology = yaml.object(['topology'], root['topology'], TOPOLOGY_KEYS);
    const defaults = yaml.object(['topology', 'defaults'], topology['defaults'] ?? {}, NODE_KEYS);
    const given = yaml.object(['topology', 'nodes'], topology['nodes']);
    const nodes = Object.entries(given).map(([name, value]) => this.#node(name, value, defaults));
    if (nodes.length === 0) yaml.refuse(['topology', 'nodes'], 'there is no node');
    const names = new Set(nodes.map((node) => node.name));
    const links = this.#links(topology['links'] ?? [], names);
    return { file: this.#path, name: yaml.text(['name'], root['name']), nodes, links };
  }

  #node(name: string, value: unknown, defaults: Fields): LabNode {
    const yaml = this.#yaml;
    const at: Path = ['topology', 'nodes', name];
    if (!NODE_NAME.test(name)) yaml.refuse(at, 'a name is 1 to 31 of a-z, 0-9 and -');
    const fields: Fields = { ...defaults, ...yaml.object(at, value ?? {}, NODE_KEYS) };
    this.#only([...at, 'kind'], fields['kind'], ['linux']);
    this.#only([...at, 'network-mode'], fields['network-mode'] ?? 'none', ['none', 'bridge']);
    const given = yaml.text([...at, 'image'], fields['image']);
    const image = imageKind(given);
    if (image === undefined) {
      const allowed = Object.values(IMAGES).map((one) => one.example);
      const what = `${shown(given)} is not played here; allowed: ${allowed.join(', ')}`;
      return yaml.refuse([...at, 'image'], what);
    }
    const { speaks, exec } = this.#commands(at, fields, image);
    const binds = this.#binds([...at, 'binds'], fields['binds'] ?? []);
    const { wants } = IMAGES[image];
    if (speaks && !binds.has(wants)) yaml.refuse([...at, 'binds'], `nothing is bound to ${wants}`);
    const env = yaml.texts([...at, 'env'], fields['env'] ?? {});
    const sysctls = yaml.texts([...at, 'sysctls'], fields['sysctls'] ?? {});
    return { name, image, speaks, exec, binds, env, sysctls };
  }

  #only(at: Path, value: unknown, allowed: readonly string[]): void {
    if (allowed.includes(value as string)) return;
    this.#yaml.refuse(at, `${shown(value)} is not played here; allowed: ${allowed.join(', ')}`);
  }

  #binds(at: Path, list: unknown): Map<string, string> {
    const binds = new Map<string, string>();
    for (const [index, value] of this.#yaml.list(at, list).entries()) {
      const text = this.#yaml.text([...at, index], value);
      const [, source, target] = /^([^:]+):(\/[^:]*)(?::r[ow])?$/.exec(text) ?? [];
      if (source === undefined || target === undefined) {
        const form = 'a bind is SOURCE:/TARGET, SOURCE:/TARGET:ro or SOURCE:/TARGET:rw';
        this.#yaml.refuse([...at, index], `${shown(value)}: ${form}`);
      } else binds.set(target, resolve(dirname(this.#path), source));
    }
    return binds;
  }

  #commands(at: Path, fields: Fields, image: ImageKind): Pick<LabNode, 'speaks' | 'exec'> {
    const yaml = this.#yaml;
    const exec: LabExec[] = [];
    const { cmd } = fields;
    if (cmd !== undefined) this.#only([...at, 'cmd'], cmd, ['sleep infinity']);
    // The command of the image itself is its daemon, unless the file says another.
    let speaks = cmd === undefined;
    for (const [index, value] of yaml.list([...at, 'exec'], fields['exec'] ?? []).entries()) {
      const where: Path = [...at, 'exec', index];
      const parsed = parseExec(yaml.text(where, value), image);
      if ('refused' in parsed) yaml.refuse(where, parsed.refused);
      else if (parsed.kind === 'daemon') speaks = true;
      else exec.push(parsed);
    }
    return { speaks, exec };
  }

  #links(value: unknown, names: ReadonlySet<string>): LabLink[] {
    const yaml = this.#yaml;
    const at: Path = ['topology', 'links'];
    const taken = new Set<string>();
    return yaml.list(at, value).map((one, index) => {
      const link = yaml.object([...at, index], one, ['endpoints']);
      const where: Path = [...at, index, 'endpoints'];
      const ends = yaml
        .list(where, link['endpoints'])
        .map((end, side) => this.#end([...where, side], end, { names, taken }));
      const [a, b, more] = ends;
      if (a !== undefined && b !== undefined && more === undefined) return [a, b];
      return yaml.refuse(where, 'a link has two endpoints');
    });
  }

  #end(
    at: Path,
    value: unknown,
    { names, taken }: { readonly names: ReadonlySet<string>; readonly taken: Set<string> },
  ): LabEnd {
    const text = this.#yaml.text(at, value);
    const [node = '', device = ''] = text.split(':');
    if (!names.has(node)) {
      this.#yaml.refuse(at, `${shown(text)}: no such node; there are ${[...names].join(', ')}`);
    }
    if (!DEVICE.test(device)) {
      this.#yaml.refuse(at, `${shown(text)}: an endpoint is NODE:INTERFACE, 15 letters at most`);
    }
    if (taken.has(text)) this.#yaml.refuse(at, `${text} is the end of two links`);
    taken.add(text);
    return { node, device };
  }
}
