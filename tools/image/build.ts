/**
 * Carries out the Dockerfile without an engine: each stage becomes a folder, RUN runs in it, COPY fills it from the
 * tree (without what .dockerignore names) or from another stage. The result is what an engine would start.
 */
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, posix } from 'node:path';
import { REPOSITORY } from '../cache-dir.ts';
import { runOk } from '../fabric/process.ts';
import { BASES } from './base.ts';
import { DockerfileError, parseDockerfile, type Stage, type Step } from './dockerfile.ts';
import { inRoot, type RootOptions, runInRoot } from './root.ts';

export interface Image {
  /** Its file system. */
  readonly root: string;
  readonly env: Readonly<Record<string, string>>;
  readonly workdir: string;
  readonly user: string;
  readonly cmd: readonly string[];
}

/** What Docker gives a container that asks for nothing, and what the documents say to add. */
const DEFAULT_CAPABILITIES = [
  ...['chown', 'dac_override', 'fowner', 'fsetid', 'kill', 'setgid', 'setuid', 'setpcap'],
  ...['net_bind_service', 'net_raw', 'sys_chroot', 'mknod', 'audit_write', 'setfcap'],
];
const COPY_MS_MAX = 120_000;

export class ImageBuilder {
  readonly #scratch: string;
  readonly #stages: readonly Stage[];
  readonly #built = new Map<string, Promise<Image>>();
  readonly #say: (line: string) => void;

  /** @param scratch  A folder for the stages, on a file system that keeps capabilities of files. */
  constructor(scratch: string, say: (line: string) => void = () => undefined) {
    this.#scratch = scratch;
    this.#say = say;
    this.#stages = parseDockerfile(readFileSync(join(REPOSITORY, 'Dockerfile'), 'utf8'));
  }

  /** Stages are built once, with those that they need. */
  build(target: string): Promise<Image> {
    const known = this.#built.get(target);
    if (known !== undefined) return known;
    const stage = this.#stages.find(({ name }) => name === target);
    if (stage === undefined) throw new DockerfileError(`The Dockerfile has no stage ${target}`);
    const building = this.#carryOut(target, stage);
    this.#built.set(target, building);
    return building;
  }

  async #carryOut(name: string, stage: Stage): Promise<Image> {
    const root = join(this.#scratch, name);
    mkdirSync(root, { mode: 0o755 });
    let image = await this.#start(root, stage.from);
    for (const step of stage.steps) {
      this.#say(`${name}: Dockerfile:${step.line} ${step.kind}`);
      image = await this.#step(image, step);
    }
    return image;
  }

  async #start(root: string, from: string): Promise<Image> {
    if (this.#stages.some(({ name }) => name === from)) {
      const before = await this.build(from);
      await runOk(['cp', '-a', `${before.root}/.`, root], { timeoutMs: COPY_MS_MAX });
      return { ...before, root };
    }
    const base = BASES[from];
    if (base === undefined) {
      const known = Object.keys(BASES).join(', ');
      throw new DockerfileError(`FROM ${from}: nothing stands for it here; known: ${known}`);
    }
    await base(root);
    return { root, env: {}, workdir: '/', user: 'root', cmd: [] };
  }

  async #step(image: Image, step: Step): Promise<Image> {
    switch (step.kind) {
      case 'run':
        await this.#run(image, step);
        return image;
      case 'copy':
        await this.#copy(image, step);
        return image;
      case 'env':
        return { ...image, env: { ...image.env, [step.name]: step.value } };
      case 'workdir':
        mkdirSync(join(image.root, step.path), { recursive: true });
        return { ...image, workdir: step.path };
      case 'user':
        return { ...image, user: step.name };
      case 'cmd':
        return { ...image, cmd: step.argv };
    }
  }

  async #run(image: Image, { script, mount }: Step & { readonly kind: 'run' }): Promise<void> {
    const { root, env, workdir } = image;
    const other = mount && (await this.build(mount.from));
    const binds = mount && other ? { [mount.target]: join(other.root, mount.source) } : {};
    const registry = /\bnpm\b/.test(script) ? await npmSettings() : { env: {}, binds: {} };
    await runInRoot(root, script, {
      env: { ...env, ...registry.env },
      workdir,
      binds: { ...binds, ...registry.binds },
      ...userOf(image),
    });
  }

  async #copy(image: Image, step: Step & { readonly kind: 'copy' }): Promise<void> {
    const { sources, mode } = step;
    const base = step.from === undefined ? REPOSITORY : (await this.build(step.from)).root;
    const target = posix.resolve(image.workdir, step.target);
    const folder = step.target.endsWith('/') || sources.length > 1;
    for (const source of sources) {
      const path = join(base, source);
      const inFolder = folder && !statSync(path).isDirectory();
      const to = join(image.root, target, inFolder ? basename(source) : '');
      await copyInto(path, to);
      if (mode !== undefined) await runOk(['chmod', mode, to]);
    }
  }
}

/** As COPY does: of a folder its contents; owned by root, modes kept. Without what .dockerignore names. */
async function copyInto(source: string, target: string): Promise<void> {
  const isFolder = statSync(source).isDirectory();
  mkdirSync(isFolder ? target : join(target, '..'), { recursive: true });
  if (!isFolder) {
    await runOk(['cp', '--preserve=mode,timestamps,xattr', source, target]);
    return;
  }
  const ignored = readFileSync(join(REPOSITORY, '.dockerignore'), 'utf8').split('\n');
  const names = source === join(REPOSITORY, '.') || source === REPOSITORY ? ignored : [];
  const exclude = names.filter((name) => name !== '').map((name) => `--exclude='./${name}'`);
  const script = `tar -C "$1" --anchored ${exclude.join(' ')} -cf - . | tar -C "$2" --no-same-owner -xpf -`;
  await runOk(['sh', '-c', script, 'sh', source, target], { timeoutMs: COPY_MS_MAX });
}

/** Where npm fetches from on this machine, and what it has already. */
async function npmSettings(): Promise<Required<Pick<RootOptions, 'env' | 'binds'>>> {
  const [registry, cache] = await Promise.all(
    ['registry', 'cache'].map(async (key) => (await runOk(['npm', 'config', 'get', key])).trim()),
  );
  if (registry === undefined || cache === undefined) return { env: {}, binds: {} };
  mkdirSync(cache, { recursive: true });
  const certificates = '/etc/ssl/certs/ca-certificates.crt';
  const place = '/var/cache/npm';
  const env = {
    npm_config_registry: registry,
    npm_config_cache: place,
    NODE_EXTRA_CA_CERTS: certificates,
  };
  return { env, binds: { [place]: cache } };
}

/** Number and group of the image's user, as its own /etc/passwd says. */
export function userOf({ root, user }: Image): Pick<RootOptions, 'user'> {
  if (user === 'root') return {};
  const passwd = readFileSync(join(root, 'etc/passwd'), 'utf8');
  const [, , uid, gid] =
    passwd
      .split('\n')
      .find((line) => line.startsWith(`${user}:`))
      ?.split(':') ?? [];
  if (uid === undefined || gid === undefined) {
    throw new DockerfileError(`USER ${user}: the image has no such user`);
  }
  return { user: { uid: Number(uid), gid: Number(gid) } };
}

/**
 * The command line that starts `argv` (its CMD by default) as an engine would: as its user, with the default
 * capabilities and those added, and nothing that comes from outside but what is bound.
 */
export function inContainer(
  image: Image,
  options: {
    readonly argv?: readonly string[];
    readonly add?: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
    readonly binds?: Readonly<Record<string, string>>;
  } = {},
): string[] {
  const { argv = image.cmd, add = [], env = {}, binds = {} } = options;
  return inRoot(image.root, argv, {
    env: { ...image.env, ...env },
    workdir: image.workdir,
    binds,
    capabilities: [...DEFAULT_CAPABILITIES, ...add],
    ...userOf(image),
  });
}
