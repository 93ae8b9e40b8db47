import { StateMachine, type StateMachineDefinition } from 'aws-local-stepfunctions';
import type { JobInput } from '../src/contract.ts';
import type { Executions } from '../src/executions/executions.ts';

/** Runs one step: its name, what goes in, what comes out. Fails with the step's named error. */
export type CallStep = (step: string, event: unknown) => Promise<unknown>;

export interface EngineOptions {
  readonly definition: StateMachineDefinition;
  /** Which step a Task's resource is, by ARN. */
  readonly functions: ReadonlyMap<string, string>;
  readonly callStep: CallStep;
  /** Told of every state that is entered, left, retried or caught. */
  readonly onEvent?: ((event: EngineEvent) => void) | undefined;
  /** Told of every execution that was stopped, as EventBridge is. */
  readonly onStopped?: ((name: string) => void) | undefined;
  /** Waits and retries take no time: for tests, which move a clock of their own. */
  readonly instant?: boolean;
}

export interface EngineEvent {
  readonly execution: string;
  readonly type: string;
  /** The state's name, for events of a state. */
  readonly state: string | undefined;
  readonly input: unknown;
  readonly output: unknown;
  /** With a retry or a catch: the error's name and message. */
  readonly error: string | undefined;
}

/** Executions in this process: the definition is the deployed one, run by `aws-local-stepfunctions`. */
export interface LocalExecutions extends Executions {
  /** Resolves with the execution's output; fails with its error and cause in the message. */
  result(name: string): Promise<unknown>;
  /** Leaves every execution where it stands, as if this machine was switched off: nobody is told. */
  leave(): Promise<void>;
  /** The executions that run now. */
  running(): readonly string[];
}

/** Step Functions' limit for a payload between two states, in bytes of UTF-8; the engine has none of its own. */
export const MAX_PAYLOAD_BYTES = 262_144;

export function createLocalExecutions(options: EngineOptions): LocalExecutions {
  const machine = machineOf(options.definition);
  const runs = new Map<string, Run>();
  const steps = new Set<Promise<unknown>>();
  let left = false;
  const tracked: EngineOptions = { ...options, callStep: tracking(options.callStep, steps) };
  const running = (): string[] => [...runs].flatMap(([name, { ended }]) => (ended ? [] : [name]));
  return {
    start(name, input) {
      if (left) return Promise.reject(new Error('This host is stopping; the job goes on at its next start.'));
      // As Step Functions: a running name answers for its execution, an ended one is used up.
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
      await Promise.allSettled([...stopped.map(({ result }) => result), ...steps]);
    },
  };
}

/** Steps go on when their execution is stopped, as Lambdas do; whoever takes their store away must wait for them. */
function tracking(callStep: CallStep, steps: Set<Promise<unknown>>): CallStep {
  return (step, event) => {
    const call = callStep(step, event);
    steps.add(call);
    const forget = (): void => void steps.delete(call);
    call.then(forget, forget);
    return call;
  };
}

const machines = new WeakMap<StateMachineDefinition, StateMachine>();

/** A machine keeps no state between its runs; checking its definition takes a quarter of a second. */
function machineOf(definition: StateMachineDefinition): StateMachine {
  const known = machines.get(definition);
  if (known !== undefined) return known;
  const machine = new StateMachine(definition, {
    validationOptions: { checkArn: false, checkPaths: true },
  });
  machines.set(definition, machine);
  return machine;
}

interface Run {
  ended: boolean;
  readonly result: Promise<unknown>;
  abort(): void;
}

function start(machine: StateMachine, options: EngineOptions, name: string, input: JobInput): Run {
  const { abort, result } = run(machine, options, name, input);
  const started: Run = { ended: false, result, abort: () => abort() };
  const end = (): void => void (started.ended = true);
  result.then(end, end);
  return started;
}

function run(machine: StateMachine, options: EngineOptions, name: string, input: JobInput) {
  const { abort, result, eventLogs } = machine.run(
    { ...input },
    { overrides: overrides(options), context: { Execution: { Name: name } } },
  );
  const told = tell(eventLogs, name, options.onEvent);
  const ended = result.finally(() => told);
  // Whoever asks for the result sees the failure; nobody asking must not end the process.
  ended.catch(() => undefined);
  return { abort, result: ended };
}

type RunOverrides = NonNullable<NonNullable<Parameters<StateMachine['run']>[1]>['overrides']>;

function overrides({ definition, functions, callStep, instant = false }: EngineOptions): RunOverrides {
  const states = allStates(definition);
  const named = (type: string): string[] =>
    states.filter(([, state]) => state.Type === type).map(([stateName]) => stateName);
  const taskHandlers = states
    .filter(([, state]) => state.Type === 'Task')
    .map(([stateName, state]) => [stateName, taskHandler(stateName, state.Resource, functions, callStep)]);
  return {
    taskResourceLocalHandlers: Object.fromEntries(taskHandlers),
    ...(instant && {
      waitTimeOverrides: Object.fromEntries(named('Wait').map((stateName) => [stateName, 0])),
      retryIntervalOverrides: Object.fromEntries(
        [...named('Task'), ...named('Map')].map((stateName) => [stateName, 0]),
      ),
    }),
  };
}

type TaskHandler = NonNullable<RunOverrides['taskResourceLocalHandlers']>[string];

/** Crosses into a step and back as on AWS: as JSON, within the payload limit. */
function taskHandler(
  stateName: string,
  resource: string | undefined,
  functions: ReadonlyMap<string, string>,
  callStep: CallStep,
): TaskHandler {
  const step = functions.get(resource ?? '');
  if (step === undefined)
    throw new Error(`State "${stateName}" calls ${resource ?? 'nothing'}, which is no step.`);
  return async (input) =>
    asPayload(await callStep(step, asPayload(input, stateName)), stateName) as typeof input;
}

function asPayload(value: unknown, stateName: string): unknown {
  const text = JSON.stringify(value);
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_PAYLOAD_BYTES) {
    const error = new Error(
      `State "${stateName}": a payload of ${bytes} bytes is over ${MAX_PAYLOAD_BYTES}.`,
    );
    error.name = 'States.DataLimitExceeded';
    throw error;
  }
  return JSON.parse(text);
}

interface AnyState {
  readonly Type: string;
  readonly Resource?: string;
  readonly ItemProcessor?: { readonly States: Readonly<Record<string, AnyState>> };
}

function allStates(machine: { readonly States: object }): [string, AnyState][] {
  return Object.entries(machine.States as Record<string, AnyState>).flatMap(([stateName, state]) => [
    [stateName, state],
    ...(state.ItemProcessor === undefined ? [] : allStates(state.ItemProcessor)),
  ]);
}

type EventLogs = ReturnType<StateMachine['run']>['eventLogs'];

async function tell(events: EventLogs, execution: string, onEvent: EngineOptions['onEvent']): Promise<void> {
  for await (const event of events) {
    const state = 'state' in event ? event.state : undefined;
    onEvent?.({
      execution,
      type: event.type,
      state: state?.name,
      input: state?.input,
      output: state?.output,
      error: 'Error' in event ? `${event.Error}: ${String(event.Cause)}` : undefined,
    });
  }
}
