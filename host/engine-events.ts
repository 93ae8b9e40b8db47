import type { StateMachine } from 'aws-local-stepfunctions';
import type { Attempts, NextAttempt } from './retry-notice.ts';

/** An event of an execution. */
export interface EngineEvent {
  readonly execution: string;
  readonly type: string;
  /** The state's name, for events of a state. */
  readonly state: string | undefined;
  readonly input: unknown;
  readonly output: unknown;
  /** Only for a failure, a retry and a catch: the error's name and message. */
  readonly error: string | undefined;
  /** Only for a failure that will be retried (`StateFailed`). */
  readonly next?: NextAttempt | undefined;
}

type EventLogs = ReturnType<StateMachine['run']>['eventLogs'];

interface Reported {
  readonly execution: string;
  readonly attempts: Attempts;
}

/** Reports the events of an execution, with the number of the attempt. */
export async function reportEvents(
  events: EventLogs,
  { execution, attempts }: Reported,
  onEvent: ((event: EngineEvent) => void) | undefined,
): Promise<void> {
  let lastError: string | undefined;
  for await (const event of events) {
    const state = 'state' in event ? event.state : undefined;
    const { type } = event;
    if ('Error' in event) lastError = `${event.Error}: ${String(event.Cause)}`;
    const isOfError = 'Error' in event || type === 'StateRetried' || type === 'StateCaught';
    const next =
      type === 'StateFailed' && state !== undefined ? attempts.failed(state.name, event.Error) : undefined;
    if (state !== undefined && (type === 'StateExited' || type === 'StateCaught')) attempts.left(state.name);
    onEvent?.({
      execution,
      type,
      state: state?.name,
      input: state?.input,
      output: state?.output,
      error: isOfError ? lastError : undefined,
      ...(next && { next }),
    });
  }
}
