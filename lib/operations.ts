import { Construct } from 'constructs';
import { resolveProfile } from '../src/config/resolve-profile.ts';
import type { NightshiftConfig } from '../src/config/config.ts';
import { parseWindow } from '../src/provider/completion-window.ts';
import { createAlarmActions, type AlarmTargets } from './alarm-topic.ts';
import { Alarms } from './alarms.ts';
import { WorkflowDashboard } from './dashboard.ts';
import { LogQueries } from './log-queries.ts';
import { WorkflowMetrics, type WorkflowMetricsProps } from './workflow-metrics.ts';

export interface OperationsProps extends WorkflowMetricsProps {
  readonly config: NightshiftConfig;
  readonly alarmTargets: AlarmTargets;
}

/** Alarms, a dashboard and saved queries for operators. */
export class Operations extends Construct {
  constructor(scope: Construct, id: string, { config, alarmTargets, ...parts }: OperationsProps) {
    super(scope, id);
    const { functions, workflow } = parts;
    const metrics = new WorkflowMetrics(parts);
    const { alarms } = new Alarms(this, 'Alarms', {
      metrics,
      longestBatchSeconds: longestBatchSeconds(config),
      actions: createAlarmActions(this, config.alarms ?? {}, alarmTargets),
      runbook: config.alarms?.runbook,
    });
    // oxlint-disable no-new -- they add themselves to the stack
    new WorkflowDashboard(this, 'Overview', { metrics, alarms, workflow });
    const logGroups = Object.values(functions).map(({ logGroup }) => logGroup);
    new LogQueries(this, 'Queries', { logGroups, workflow });
    // oxlint-enable no-new
  }
}

/**
 * After its deadline a batch is cancelled and has an hour to end; the wait until the poll that notices the end is at most another
 * hour.
 */
const AFTER_DEADLINE_SECONDS = 2 * 3_600;

/** Longest time that a batch of any profile may be open. */
function longestBatchSeconds(config: NightshiftConfig): number {
  const deadlines = Object.keys(config.profiles).map((name) => {
    const { completionWindow, polling } = resolveProfile(config, name);
    return (parseWindow(completionWindow) ?? 0) + polling.graceSeconds;
  });
  return Math.max(0, ...deadlines) + AFTER_DEADLINE_SECONDS;
}
