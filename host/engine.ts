import type { StateMachineDefinition } from 'aws-local-stepfunctions';
import type { JobInput } from '../src/contract.ts';
import type { Executions } from '../src/executions/executions.ts';
import type { EngineEvent } from './engine-events.ts';
import { machineForEngine, type EngineMachine } from './machine-for-engine.ts';
import { runMachine } from './run-machine.ts';

/** Runs a step by name with its input, and returns its output. Fails with the step's named error. */
export type CallStep = (step: string, event: unknown) => Promise<unknown>;

export interface EngineOptions {
  readonly definition: StateMachineDefinition;
  /** Steps by the ARN of a Task's resource. */
  readonly functions: ReadonlyMap<string, string>;
  readonly callStep: CallStep;
  /** Called for every state that is entered, left, retried or caught, and for every failed child. */
  readonly onEvent?: ((event: EngineEvent) => void) | undefined;
  /** Called for every stopped execution, as EventBridge is on AWS. */
  readonly onStopped?: ((name: string) => void) | undefined;
  /** Ends the running steps when {@link LocalExecutions.leave} is called: nothing needs their results. */
  readonly abandonSteps?: (() => Promise<void>) | undefined;
  /** True if waits and retries take no time, for tests with their own clock. */
  readonly instant?: boolean;
}

/** Executions in this process: `aws-local-stepfunctions` runs the deployed definition. */
export interface LocalExecutions extends Executions {
  /** Resolves with the execution's output; fails with its error and cause in the message. */
  result(name: string): Promise<unknown>;
  /** Stops every execution where it is, without any event, as a power failure would. */
  leave(): Promise<void>;
  /** Names of the running executions. */
  running(): readonly string[];
}

export function createLocalExecutions(options: EngineOptions): LocalExecutions {
  const machine = machineOf(options.definition);
  const runs = new Map<string, Run>();
  const steps = new Set<Promise<unknown>>();
  let left = false;
  const tracked: EngineOptions = { ...options, callStep: tracking(options.callStep, steps) };
  const running = (): string[] => [...runs].flatMap(([name, { ended }]) => (ended ? [] : [name]));
  return {
    start(name, input) {
      if (left)
        return Promise.reject(new Error('This host is stopping; the job continues at its next start.'));
      // As in Step Functions: starting a running name returns its execution, and the name of an ended execution cannot be used
      // again.
      const known = runs.get(name);
      if (known !== undefined) return Promise.resolve(known.ended ? 'taken' : 'started');
      runs.set(name, start(machine, tracked, name, input));
      return Promise.resolve('started');
    },
    look(name) {
      const known = runs.get(name);
      return Promise.resolve(known && (known.ended ? 'ended' : 'running'));
    },
    stop(name) {
      const known = runs.get(name);
      if (known !== undefined && !known.ended) {
        known.ended = true;
        known.abort();
        options.onStopped?.(name);
      }
      return Promise.resolve();
    },
    result: (name) => runs.get(name)?.result ?? Promise.reject(new Error(`No execution is named ${name}.`)),
    running,
    async leave() {
      left = true;
      const stopped = running().flatMap((name) => runs.get(name) ?? []);
      for (const started of stopped) started.abort();
      await options.abandonSteps?.();
      await Promise.allSettled([...stopped.map(({ result }) => result), ...steps]);
    },
  };
}

/**
 * Tracks running steps. Steps continue when their execution is stopped, like Lambdas, so their store must stay open until they
 * end.
 */
function tracking(callStep: CallStep, steps: Set<Promise<unknown>>): CallStep {
  return (step, event) => {
    const call = callStep(step, event);
    steps.add(call);
    const forget = (): void => void steps.delete(call);
    call.then(forget, forget);
    return call;
  };
}

const machines = new WeakMap<StateMachineDefinition, EngineMachine>();

function machineOf(definition: StateMachineDefinition): EngineMachine {
  const known = machines.get(definition);
  if (known !== undefined) return known;
  const machine = machineForEngine(definition);
  machines.set(definition, machine);
  return machine;
}

interface Run {
  ended: boolean;
  readonly result: Promise<unknown>;
  abort(): void;
}

function start(machine: EngineMachine, options: EngineOptions, name: string, input: JobInput): Run {
  const stopped = new AbortController();
  const result = runMachine(machine, { ...input }, { options, name, signal: stopped.signal });
  const started: Run = { ended: false, result, abort: () => stopped.abort() };
  const end = (): void => void (started.ended = true);
  result.then(end, end);
  return started;
}
