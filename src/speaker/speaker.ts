/**
 * The core of godwit: inputs and time in, effects and the next deadline out. No sockets, clocks or promises.
 *
 * `step` runs to completion and never throws for a peer's, an operator's or the host's fault. It takes on bounded
 * work; `morePending` asks for a `wake` as soon as I/O has had its turn.
 */

import type { Millis, Octets } from '../base/units.ts';
import { AFI_SAFIS } from '../net/afi-safi.ts';
import { Core, type SpeakerOptions } from './core.ts';
import { releasePeers } from './dynamic-peers.ts';
import type { Effect } from './effects.ts';
import type { ConnectionId, SpeakerInput, TcpInput } from './inputs.ts';
import { passInstalled } from './install-gate.ts';
import { driveProof } from './kernel-proof.ts';
import { onHost } from './listener-peers.ts';
import { resolveNextHops } from './next-hops.ts';
import { onCommand } from './on-command.ts';
import { onKernel } from './on-kernel.ts';
import { onMessage } from './on-message.ts';
import { continuePlan, onPlan, planIsUnderWay } from './on-plan.ts';
import { callerOf, onTcp } from './on-tcp.ts';
import { onTimers } from './on-timer.ts';
import { contain } from './quarantine.ts';
import { sessionEnded, sessionEstablished } from './session-life.ts';
import type { SpeakerView } from './snapshot.ts';
import { SnapshotView } from './snapshot-view.ts';
import { arrangeTidying } from './tidy-time.ts';
import { pollTransmit, tellWriters } from './transmit.ts';

/** Prefixes decided a step: some milliseconds at worst. Keepalives are never late because a table loads. */
const DECISION_PREFIXES_PER_STEP_MAX = 2048;

export interface Step {
  readonly effects: readonly Effect[];
  /** When to come with `wake` at the latest. */
  readonly deadline: Millis | undefined;
  /** Come with `wake` as soon as I/O has had its turn. */
  readonly morePending: boolean;
}

export class Speaker {
  readonly view: SpeakerView;
  readonly #core: Core;

  /** @param clock  Monotonic milliseconds, as `now` of each step, for metrics alone. */
  constructor(options: SpeakerOptions, clock?: () => Millis) {
    const core = new Core(options);
    if (clock !== undefined) core.clock = clock;
    core.listener = {
      message: (connection, message) => onMessage(core, connection, message),
      established: (slot, negotiated) => sessionEstablished(core, slot, negotiated),
      ended: (peer, down) => sessionEnded(core, peer, down),
    };
    this.#core = core;
    this.view = new SnapshotView(this.#core);
  }

  /** Feeds one input. */
  step(input: SpeakerInput, now: Millis): Step {
    const core = this.#core;
    core.now = now;
    if (input.type === 'wake') {
      // Only here: the shell comes with `wake` after what the sockets hold has been read, so that a loop that was
      // held up does not expire a HoldTimer whose KEEPALIVE waits in the kernel.
      onTimers(core);
      continuePlan(core);
    } else this.#dispatch(input);
    releasePeers(core);
    const more = this.#work();
    const morePending = more || planIsUnderWay(core);
    return { effects: core.takeEffects(), deadline: this.#deadline(), morePending };
  }

  /**
   * Octets owed to `connection`, about `budget` of them; undefined when nothing is. Valid until they are written.
   * None at all (length 0) when looking for some took a poll's share of time: come again after others had their turn.
   */
  pollTransmit(connection: ConnectionId, budget: Octets): Uint8Array | undefined {
    return pollTransmit(this.#core, connection, budget);
  }

  /** Routes that godwit has written to the kernel, for the state directory: what to append, lent until the next input. */
  takeJournal(): Uint8Array | undefined {
    return this.#core.programmer.takeJournal();
  }

  /** The whole of it in slices, from `cursor` (0 to begin); `next` absent at the end. */
  exportJournal(cursor: number): { readonly octets: Uint8Array; readonly next?: number } {
    return this.#core.programmer.exportJournal(cursor);
  }

  #dispatch(input: Exclude<SpeakerInput, { type: 'wake' }>): void {
    const core = this.#core;
    switch (input.type) {
      case 'planChanged':
      case 'datastoreLost':
      case 'datastoreBack':
        return onPlan(core, input);
      case 'kernelChanged':
      case 'kernelDumpStarted':
      case 'kernelDumpDone':
      case 'kernelOverrun':
      case 'kernelAck':
      case 'kernelProofRoutes':
      case 'kernelProofRead':
      case 'kernelUnavailable':
        return onKernel(core, input);
      case 'command':
        return onCommand(core, input);
      case 'listenerChanged':
        return onTcp(core, input);
      case 'md5Counters':
      case 'listenerKeysChanged':
        return onHost(core, input);
      default:
        return this.#onConnection(input);
    }
  }

  /** DESIGN 3.4: a bug of ours that one peer's input brings out costs that peer, not the node. */
  #onConnection(input: Exclude<TcpInput, { type: 'listenerChanged' }>): void {
    const core = this.#core;
    const connection = core.connections.get(input.connection);
    const octets = input.type === 'octetsReceived' ? input.octets : undefined;
    try {
      onTcp(core, input);
      if (octets === undefined || connection === undefined) return;
      const { id, slot } = connection;
      core.trails.note(slot.peer.id, { at: core.now, connection: id, octets });
    } catch (error) {
      const peer = connection?.slot.peer ?? callerOf(core, input);
      contain(core, peer, { error, connection, ...(octets === undefined ? {} : { octets }) });
    }
  }

  #work(): boolean {
    const core = this.#core;
    resolveNextHops(core);
    let more = core.learned.continueLearning();
    for (let index = 0; index < AFI_SAFIS.length; index++) {
      const family = AFI_SAFIS[index]!;
      const routes = core.kernelRoutes[family];
      core.decisionTimes.before(core, index);
      if (core.ribs[family].settle(DECISION_PREFIXES_PER_STEP_MAX, routes)) more = true;
      core.decisionTimes.after(core, index);
      if (routes.continueRemake()) more = true;
    }
    arrangeTidying(core);
    if (passInstalled(core)) more = true;
    tellWriters(core);
    // DESIGN 3.3: kernel routes outlive us, also those of peers whose paths just went with their sessions.
    if (core.stopping !== undefined) return more;
    this.#driveKernel();
    core.lags.afterStep(core, !more && !planIsUnderWay(core));
    return more || core.programmer.morePending;
  }

  #driveKernel(): void {
    const core = this.#core;
    const { programmer } = core;
    if (!core.options.kernelEnabled) return;
    programmer.onWake(core.now);
    const dump = programmer.takeDumpRequest(core.now);
    if (dump !== undefined) core.effect({ type: 'kernelDump' });
    driveProof(core);
    const step = core.plan && core.tunnel.take(core.plan.kernel, core.now);
    if (step !== undefined) core.effect({ type: 'linkRequest', request: step });
    const batch = programmer.nextBatch(core.now);
    if (batch !== undefined) core.effect({ type: 'kernelRequests', batch });
    for (const event of programmer.takeEvents()) core.publish(event);
  }

  #deadline(): Millis | undefined {
    const timers = this.#core.timers.nextDeadline();
    const { options, programmer, stopping, tunnel } = this.#core;
    const driven = options.kernelEnabled && stopping === undefined;
    let earliest = timers;
    for (const at of driven ? [programmer.deadline(), tunnel.deadline()] : []) {
      if (at !== undefined && (earliest === undefined || at < earliest)) earliest = at;
    }
    return earliest;
  }
}
