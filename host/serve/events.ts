import type { DropEvent } from '../../src/requests/drop-event.ts';
import type { CallStep } from '../engine.ts';
import type { LocalStack } from '../load-stack.ts';
import { fits } from '../template/rules.ts';
import type { Fire } from './run-schedules.ts';

/** Delivers events to functions by the rules of the template. */
export interface Events {
  /** Delivers the event of a file written below the data folder. */
  dropped(event: DropEvent): Promise<void>;
  /** The event for a file's current content. */
  dropEvent(object: DroppedObject): DropEvent;
  /** Delivers the event of a stopped execution. */
  stopped(execution: string): Promise<void>;
  /**
   * Delivers a scheduled time.
   * @returns true if its function accepted the event
   */
  scheduled(due: Fire): Promise<boolean>;
  /** Tracks a delivery for {@link Events.settled}. */
  track(delivery: Promise<void>): void;
  /** Waits until all deliveries have ended. */
  settled(): Promise<void>;
}

export interface DroppedObject {
  readonly key: string;
  readonly bytes: number;
  /** Changes whenever the file is rewritten. */
  readonly mark: string;
}

export interface EventsOptions {
  readonly stack: LocalStack;
  readonly callEntryFunction: CallStep;
  /** Called for events that EventBridge would put into the dead-letter queue. */
  readonly onFailure: (event: unknown, error: unknown) => void;
}

export function createEvents({ stack, callEntryFunction, onFailure }: EventsOptions): Events {
  const { rules, machine, bucket } = stack;
  async function deliver(target: string, event: unknown): Promise<boolean> {
    try {
      await callEntryFunction(machine.functions.get(target) ?? target, event);
      return true;
    } catch (error) {
      onFailure(event, error);
      return false;
    }
  }
  async function publish(event: object): Promise<void> {
    const targets = rules.filter(({ pattern }) => fits(pattern, event)).flatMap((rule) => rule.targets);
    for (const target of targets) await deliver(target, event);
  }
  const underWay = new Set<Promise<void>>();
  return {
    track(delivery) {
      const delivered = delivery.catch((error: unknown) => onFailure(undefined, error));
      underWay.add(delivered);
      void delivered.finally(() => underWay.delete(delivered));
    },
    async settled() {
      while (underWay.size > 0) await Promise.all(underWay);
    },
    scheduled: ({ target, input }) => deliver(target, input),
    dropped: (event) => publish({ ...event, 'detail-type': 'Object Created' }),
    dropEvent: ({ key, bytes, mark }) => {
      const object = { key, size: bytes, etag: mark, mark };
      return { source: 'aws.s3', detail: { bucket: { name: bucket }, object } };
    },
    stopped: (execution) =>
      publish({
        source: 'aws.states',
        'detail-type': 'Step Functions Execution Status Change',
        detail: { stateMachineArn: machine.arn, name: execution, status: 'ABORTED' },
      }),
  };
}
