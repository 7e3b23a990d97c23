/** Events of the core and of the daemon: into the log and into the event log that front doors read. */

import type { EventLog } from '../api/event-log.ts';
import { describeEvent } from '../api/event-text.ts';
import type { Log } from '../io/log.ts';
import type { SpeakerEvent } from '../speaker/events.ts';

export class Events {
  readonly #log: Log;
  readonly #eventLog: EventLog;

  constructor(log: Log, eventLog: EventLog) {
    this.#log = log;
    this.#eventLog = eventLog;
  }

  publish(event: SpeakerEvent): void {
    this.#eventLog.add(event);
    const { level, text } = describeEvent(event);
    this.#log[level](event, text);
  }
}
