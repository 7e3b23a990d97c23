/** Methods and messages of a proto3 file with their comments; as much of the language as ours uses. */

export interface ProtoMethod {
  readonly name: string;
  readonly request: string;
  readonly reply: string;
  readonly streams: boolean;
  readonly comment: string;
}

export interface ProtoMessage {
  readonly name: string;
  readonly fields: readonly {
    /** As JSON and `--json` have it. */
    readonly name: string;
    readonly type: string;
    readonly comment: string;
  }[];
}

const METHOD = /^\s*rpc (\w+)\((\w+)\) returns \((stream )?(\w+)\);/;
const FIELD = /^\s*(optional |repeated )?([\w.]+) (\w+) = \d+;(?:\s*\/\/ (.*))?$/;

export function readProto(text: string): { methods: ProtoMethod[]; messages: ProtoMessage[] } {
  const methods: ProtoMethod[] = [];
  const messages: { name: string; fields: ProtoMessage['fields'][number][] }[] = [];
  let comment: string[] = [];
  for (const line of text.split('\n')) {
    const above = /^\s*\/\/ (.*)$/.exec(line)?.[1];
    if (above !== undefined) {
      comment.push(above);
      continue;
    }
    const said = comment.join(' ');
    comment = [];
    const message = /^message (\w+) \{/.exec(line)?.[1];
    if (message !== undefined) messages.push({ name: message, fields: [] });
    const method = METHOD.exec(line);
    if (method !== null) {
      const [, name, request, stream, reply] = method;
      const streams = stream !== undefined;
      methods.push({ name: name!, request: request!, reply: reply!, streams, comment: said });
    }
    const field = FIELD.exec(line);
    if (field === null) continue;
    const [, label = '', type, name, beside = said] = field;
    messages.at(-1)?.fields.push({
      name: camelCase(name!),
      type: `${label}${type}`,
      comment: beside,
    });
  }
  return { methods, messages };
}

function camelCase(name: string): string {
  return name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}
