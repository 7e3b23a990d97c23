/** Events of the core and of the daemon: into the log and into the event log that front doors read, within limits. */

import { EventLimit } from '../api/event-limit.ts';
import type { EventLog } from '../api/event-log.ts';
import { describeEvent } from '../api/event-text.ts';
import type { Millis } from '../base/units.ts';
import type { Log } from '../io/log.ts';
import type { SpeakerEvent } from '../speaker/events.ts';

export interface EventSinks {
  readonly log: Log;
  readonly eventLog: EventLog;
  readonly now: () => Millis;
}

export class Events {
  readonly #sinks: EventSinks;
  readonly #limit = new EventLimit();

  constructor(sinks: EventSinks) {
    this.#sinks = sinks;
  }

  publish(event: SpeakerEvent): void {
    for (const told of this.#limit.pass(event, this.#sinks.now())) this.#tell(told);
  }

  #tell(event: SpeakerEvent): void {
    this.#sinks.eventLog.add(event);
    const { level, text } = describeEvent(event);
    this.#sinks.log[level](event, text);
  }
}
