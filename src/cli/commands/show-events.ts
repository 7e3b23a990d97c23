/** `godwit show events` and `godwit watch`: what happened, and what happens. */

import type { EventMessage } from '../../api/messages.ts';
import { command, JSON_FLAG, number, text } from '../command.ts';
import type { Output } from '../output/output.ts';

const KINDS = text('Only these events, separated by commas, e.g. session-up,session-down');

export const showEvents = command({
  path: ['show', 'events'],
  summary: 'List what happened lately, oldest first',
  options: { last: number('So many events (default 50)'), kind: KINDS, json: JSON_FLAG },
  examples: ['show events', 'show events --kind session-down --last 10'],
  exitCodes: { 0: 'listed' },
  async run({ api, options, out }) {
    const request = { backlog: options.last ?? 50, kinds: kindsOf(options.kind), once: true };
    let count = 0;
    for await (const event of api().watchEvents(request)) {
      count++;
      print(event, options.json, out);
    }
    if (count === 0 && !options.json) out.line('Nothing of that kind has happened lately');
    return undefined;
  },
});

export const watch = command({
  path: ['watch'],
  summary: 'Follow what happens until interrupted',
  options: { kind: KINDS, json: JSON_FLAG },
  examples: ['watch', 'watch --kind session-up,session-down --json'],
  exitCodes: { 69: 'the daemon ended; there is no other end than that and Ctrl-C' },
  async run({ api, options, out }) {
    const request = { backlog: 0, kinds: kindsOf(options.kind) };
    for await (const event of api().watchEvents(request)) print(event, options.json, out);
    return undefined;
  },
});

function kindsOf(option: string | undefined): string[] {
  return option === undefined ? [] : option.split(',').filter((kind) => kind !== '');
}

function print(event: EventMessage, json: boolean, out: Output): void {
  const { fieldsJson, ...rest } = event;
  if (json) out.json({ ...rest, fields: JSON.parse(fieldsJson) as unknown });
  else out.line(`${event.time}  ${event.event.padEnd(18)} ${event.text}`);
}
