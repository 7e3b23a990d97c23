/** `show status`: version, times, recovery, and whether the daemon runs (calico model 7.2). */

import type { BirdCommand } from './command.ts';
import { Code } from './reply.ts';
import { syntaxError } from './tokens.ts';

export const showStatus: BirdCommand = {
  words: ['show', 'status'],
  usage: '',
  help: 'Show router status',
  *run({ port, args, out, session }) {
    if (args.length > 0) throw syntaxError();
    const status = port.view.status();
    const at = (ageMs: number): string => {
      const { date, time } = port.localTime(ageMs);
      return `${date} ${time}`;
    };
    yield out.row(Code.Version, `BIRD ${session.version}`);
    yield out.row(Code.Text, `Router ID is ${status.routerId}`);
    yield out.row(Code.Text, `Current server time is ${at(0)}`);
    yield out.row(Code.Text, `Last reboot on ${at(status.uptimeMs)}`);
    yield out.row(Code.Text, `Last reconfiguration on ${at(status.planAgeMs)}`);
    const { recovery } = status;
    if (recovery !== undefined) {
      const seconds = (ms: number): number => Math.max(0, Math.round(ms / 1000));
      const left = seconds(recovery.limitMs - recovery.elapsedMs);
      yield out.row(Code.RecoveryStatus, 'Graceful restart recovery in progress');
      const waiting = `  Waiting for ${recovery.waitingFor} protocols to recover`;
      yield out.row(Code.RecoveryStatus, waiting);
      const timer = `  Wait timer is ${left}/${seconds(recovery.limitMs)}`;
      yield out.row(Code.RecoveryStatus, timer);
    }
    yield out.last(
      Code.StatusReport,
      status.stopping ? 'Shutdown in progress' : 'Daemon is up and running',
    );
  },
};
