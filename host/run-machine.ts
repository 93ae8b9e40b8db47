import { setTimeout as sleep } from 'node:timers/promises';
import type { StateMachine } from 'aws-local-stepfunctions';
import { runChildren } from './distributed-map.ts';
import type { EngineOptions } from './engine.ts';
import { reportEvents } from './engine-events.ts';
import { loadEngine } from './load-engine.ts';
import { Attempts } from './retry-notice.ts';
import {
  checkSeconds,
  fillTemplate,
  LONGEST_SECONDS,
  statesError,
  type ChildMap,
  type EngineMachine,
} from './machine-for-engine.ts';

const { StateMachine: Engine } = await loadEngine();

/** Step Functions' limit for a payload between two states, in bytes of UTF-8; the engine has none of its own. */
export const MAX_PAYLOAD_BYTES = 262_144;

/** Shared by an execution and its children. */
interface Scope {
  readonly options: EngineOptions;
  /** The execution's name. */
  readonly name: string;
  readonly signal: AbortSignal;
}

type EngineInput = Parameters<StateMachine['run']>[0];

/** Runs an execution, or a child of one. Resolves after all of its events were reported. */
export function runMachine(machine: EngineMachine, input: EngineInput, scope: Scope): Promise<unknown> {
  const { options, name, signal } = scope;
  if (signal.aborted) return failing(new Error(`Execution ${name} was stopped.`));
  const stateMachine = new Engine(machine.definition, { validationOptions: { noValidate: true } });
  const { abort, result, eventLogs } = stateMachine.run(input, {
    overrides: overrides(machine, scope),
    context: { Execution: { Name: name } },
  });
  signal.addEventListener('abort', abort, { once: true });
  const { States: states } = machine.definition as { readonly States: Record<string, unknown> };
  const reported = reportEvents(
    eventLogs,
    { execution: name, attempts: new Attempts(states) },
    options.onEvent,
  );
  return failing(
    result.finally(() => {
      signal.removeEventListener('abort', abort);
      return reported;
    }),
  );
}

/** A promise of `result`. Its failure does not end the process, even if nothing waits for it. */
function failing(result: Promise<unknown> | Error): Promise<unknown> {
  const promise = result instanceof Error ? Promise.reject(result) : result;
  promise.catch(() => undefined);
  return promise;
}

type RunOverrides = NonNullable<NonNullable<Parameters<StateMachine['run']>[1]>['overrides']>;
type TaskHandler = NonNullable<RunOverrides['taskResourceLocalHandlers']>[string];

function overrides(machine: EngineMachine, scope: Scope): RunOverrides {
  const { instant = false } = scope.options;
  const states = Object.entries(machine.definition.States as Record<string, AnyState>);
  const named = (type: string): string[] =>
    states.filter(([, state]) => state.Type === type).map(([stateName]) => stateName);
  const tasks = states
    .filter(([, state]) => state.Type === 'Task')
    .map(([stateName, { Resource }]) => [stateName, handlerOf(stateName, Resource, machine, scope)]);
  return {
    taskResourceLocalHandlers: Object.fromEntries(tasks) as Record<string, TaskHandler>,
    ...(instant && {
      waitTimeOverrides: Object.fromEntries(named('Wait').map((stateName) => [stateName, 0])),
      retryIntervalOverrides: Object.fromEntries(named('Task').map((stateName) => [stateName, 0])),
    }),
  };
}

interface AnyState {
  readonly Type: string;
  readonly Resource?: string;
}

function handlerOf(
  stateName: string,
  resource: string | undefined,
  machine: EngineMachine,
  scope: Scope,
): TaskHandler {
  const map = machine.maps.get(stateName);
  if (map !== undefined) return mapHandler(stateName, map, scope);
  if (machine.waits.has(stateName)) return waitHandler(stateName, scope);
  return stepHandler(stateName, resource, machine, scope);
}

/** Passes payloads to a step and back as on AWS: as JSON, within the payload limit. */
function stepHandler(
  stateName: string,
  resource: string | undefined,
  { payloads }: EngineMachine,
  { options: { functions, callStep }, name, signal }: Scope,
): TaskHandler {
  const step = functions.get(resource ?? '');
  if (step === undefined)
    throw new Error(`State "${stateName}" calls ${resource ?? 'nothing'}, which is not a step.`);
  const template = payloads.get(stateName);
  return async (input) => {
    // The engine would retry a step that was stopped together with its execution.
    if (signal.aborted) throw new Error(`Execution ${name} was stopped.`);
    const payload =
      template === undefined ? input : fillTemplate(template, input, { Execution: { Name: name } });
    return asPayload(await callStep(step, asPayload(payload, stateName)), stateName) as typeof input;
  };
}

/** Waits unless the seconds are 0; stops waiting when the execution is stopped. */
function waitHandler(stateName: string, { options: { instant = false }, signal }: Scope): TaskHandler {
  return async (input) => {
    const seconds = checkSeconds(stateName, (input as { seconds?: unknown } | null)?.seconds);
    if (!instant) await sleep(Math.min(seconds, LONGEST_SECONDS) * 1_000, undefined, { signal });
    return input;
  };
}

/** Runs the children of a Distributed Map, each as a separate execution; their outputs together must fit into a payload. */
function mapHandler(state: string, map: ChildMap, scope: Scope): TaskHandler {
  const { options, name: execution, signal } = scope;
  const run = (input: unknown, ofMap: AbortSignal): Promise<unknown> =>
    runMachine(map.machine, input as EngineInput, { ...scope, signal: ofMap });
  return async (input) => {
    const outputs = await runChildren({ state, map, execution, options, signal, run }, input);
    return asPayload(outputs, state) as typeof input;
  };
}

function asPayload(value: unknown, stateName: string): unknown {
  // A Lambda that returns nothing returns null.
  const text = JSON.stringify(value ?? null);
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_PAYLOAD_BYTES) {
    throw statesError(
      'States.DataLimitExceeded',
      `State "${stateName}": a payload of ${bytes} bytes is over ${MAX_PAYLOAD_BYTES}.`,
    );
  }
  return JSON.parse(text);
}
