/** Settings of sessions, one object for all that are equal: peers of a mesh share it, and with it the octets of their OPEN. */

import type { SessionConfig } from '../fsm/session-config.ts';

/** Distinct settings kept; a plan has a handful. */
const CONFIGS_KEPT_MAX = 64;

export class SessionConfigs {
  readonly #byText = new Map<string, SessionConfig>();

  shared(config: SessionConfig): SessionConfig {
    const text = JSON.stringify(config);
    const known = this.#byText.get(text);
    if (known !== undefined) return known;
    if (this.#byText.size >= CONFIGS_KEPT_MAX) this.#byText.clear();
    this.#byText.set(text, config);
    return config;
  }
}
