/**
 * Our own Dockerfile, read as far as it is written: an instruction or a form that is not known here is refused with its
 * line, so that nothing in it goes untried unnoticed. Pure.
 */

export interface Stage {
  /** `AS NAME`; the last one may have none. */
  readonly name: string | undefined;
  /** A stage before it, or an image of a registry. */
  readonly from: string;
  readonly steps: readonly Step[];
}

export type Step = { readonly line: number } & (
  | { readonly kind: 'run'; readonly script: string; readonly mount: StageMount | undefined }
  | {
      readonly kind: 'copy';
      readonly from: string | undefined;
      readonly mode: string | undefined;
      readonly sources: readonly string[];
      readonly target: string;
    }
  | { readonly kind: 'env'; readonly name: string; readonly value: string }
  | { readonly kind: 'workdir'; readonly path: string }
  | { readonly kind: 'user'; readonly name: string }
  | { readonly kind: 'cmd'; readonly argv: readonly string[] }
);

/** A folder of another stage that a RUN sees. */
export interface StageMount {
  readonly from: string;
  readonly source: string;
  readonly target: string;
}

export class DockerfileError extends Error {
  override readonly name = 'DockerfileError';
}

/** @throws {DockerfileError} */
export function parseDockerfile(text: string): Stage[] {
  const stages: (Stage & { readonly steps: Step[] })[] = [];
  for (const { line, text: instruction } of instructions(text)) {
    const [, word = '', rest = ''] = /^([A-Z]+)\s+([\s\S]*)$/.exec(instruction) ?? [];
    if (word === 'FROM') {
      const [, from = '', name] = /^(\S+)(?: AS (\S+))?$/.exec(rest) ?? refuse(line, instruction);
      stages.push({ name, from, steps: [] });
      continue;
    }
    const step = parseStep(word, rest) ?? refuse(line, instruction);
    const stage = stages.at(-1) ?? refuse(line, instruction);
    stage.steps.push({ line, ...step });
  }
  return stages;
}

function parseStep(word: string, rest: string): DistributiveOmit<Step, 'line'> | undefined {
  switch (word) {
    case 'RUN': {
      const form = /^--mount=type=bind,from=([\w-]+),source=(\/\S*),target=(\/\S*)\s+([\s\S]+)$/;
      const [, from, source, target, mounted] = form.exec(rest) ?? [];
      const script = mounted ?? rest;
      if (script.startsWith('--') || script.startsWith('[')) return undefined;
      if (from === undefined || source === undefined || target === undefined) {
        return { kind: 'run', script, mount: undefined };
      }
      return { kind: 'run', script, mount: { from, source, target } };
    }
    case 'COPY': {
      const [, from, mode, paths = ''] =
        /^(?:--from=([\w-]+)\s+)?(?:--chmod=([0-7]+)\s+)?([^-[].*)$/.exec(rest) ?? [];
      const sources = paths.split(/\s+/);
      const target = sources.pop();
      if (target === undefined || sources.length === 0) return undefined;
      return { kind: 'copy', from, mode, sources, target };
    }
    case 'ENV': {
      const [, name, value] = /^(\w+)=(\S+)$/.exec(rest) ?? [];
      return name === undefined || value === undefined ? undefined : { kind: 'env', name, value };
    }
    case 'WORKDIR':
      return rest.startsWith('/') ? { kind: 'workdir', path: rest } : undefined;
    case 'USER':
      return /^[a-z]+$/.test(rest) ? { kind: 'user', name: rest } : undefined;
    case 'CMD':
      return rest.startsWith('[') ? { kind: 'cmd', argv: JSON.parse(rest) as string[] } : undefined;
    default:
      return undefined;
  }
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** Instructions with the number of their first line; comments are gone, continued lines joined. */
function instructions(text: string): { readonly line: number; readonly text: string }[] {
  const found: { line: number; text: string }[] = [];
  let open: { line: number; text: string } | undefined;
  for (const [index, raw] of text.split('\n').entries()) {
    if (/^\s*#/.test(raw) || raw.trim() === '') continue;
    const continued = raw.endsWith('\\');
    const part = continued ? raw.slice(0, -1) : raw;
    if (open === undefined) {
      open = { line: index + 1, text: part };
      found.push(open);
    } else open.text += part;
    if (!continued) open = undefined;
  }
  return found.map((one) => ({ ...one, text: one.text.trim() }));
}

function refuse(line: number, instruction: string): never {
  const known = `FROM IMAGE [AS NAME], RUN [--mount=type=bind,from=,source=,target=] SCRIPT, \
COPY [--from=STAGE] [--chmod=MODE] SOURCE… TARGET, ENV NAME=VALUE, WORKDIR /PATH, USER NAME, CMD [JSON]`;
  throw new DockerfileError(`Dockerfile:${line}: ${instruction}: not known here; known: ${known}`);
}
