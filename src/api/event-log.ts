/**
 * The last events in memory, and who follows them. Bounded: old events fall off, a listener that throws is dropped.
 */

import type { SpeakerEvent } from '../speaker/events.ts';
import { describeEvent } from './event-text.ts';
import type { EventMessage } from './messages.ts';
import type { EventSource } from './ports.ts';

/** Events kept: some hours of an ordinary node, a few hundred KB. */
export const EVENTS_KEPT_MAX = 2000;

export class EventLog implements EventSource {
  readonly #events: EventMessage[] = [];
  readonly #listeners = new Set<(event: EventMessage) => void>();
  readonly #wallClock: () => string;
  #sequence = 0;

  /** @param wallClock  Now as RFC 3339 text; wall time never enters the core. */
  constructor(wallClock: () => string) {
    this.#wallClock = wallClock;
  }

  add(event: SpeakerEvent): EventMessage {
    const { event: name, ...fields } = event;
    const message: EventMessage = {
      sequence: ++this.#sequence,
      time: this.#wallClock(),
      event: name,
      fieldsJson: JSON.stringify(fields),
      text: describeEvent(event).text,
    };
    this.#events.push(message);
    if (this.#events.length > EVENTS_KEPT_MAX) this.#events.shift();
    for (const listener of this.#listeners) this.#tell(listener, message);
    return message;
  }

  recent(count: number): readonly EventMessage[] {
    return count <= 0 ? [] : this.#events.slice(-count);
  }

  subscribe(listener: (event: EventMessage) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A follower that fails must not reach into the loop that published. */
  #tell(listener: (event: EventMessage) => void, message: EventMessage): void {
    try {
      listener(message);
    } catch {
      this.#listeners.delete(listener);
    }
  }
}
