import { setImmediate as tick } from 'node:timers/promises';
import { sideBySide } from '../src/concurrency/side-by-side.ts';
import type { CallStep, EngineOptions } from './engine.ts';
import { fillTemplate, followPath, statesError, tolerates, type ChildMap } from './machine-for-engine.ts';

/** Name of the operation that reads a map's items from the store. On AWS, Step Functions itself does this. */
export const READ_ITEMS = 'read-items';

interface Children {
  /** Name of the map's state. */
  readonly state: string;
  readonly map: ChildMap;
  readonly execution: string;
  readonly options: Pick<EngineOptions, 'callStep' | 'onEvent'>;
  /** Aborts the map and its children. */
  readonly signal: AbortSignal;
  /** Runs one child to its end. */
  readonly run: (input: unknown, signal: AbortSignal) => Promise<unknown>;
}

/**
 * Runs a child execution for each item of a Distributed Map. Failed children are reported, and count against the map's tolerance.
 * @returns the children's outputs in the items' order; null for a failed child
 */
export async function runChildren(children: Children, input: unknown): Promise<unknown[]> {
  const { state, map, options } = children;
  const items = await readItems(map, input, options.callStep);
  const stopped = new AbortController();
  const signal = AbortSignal.any([children.signal, stopped.signal]);
  let failed = 0;
  // Makes the event of the map come before the events of its children.
  await tick();
  const runItem = async (item: unknown): Promise<unknown> => {
    const context = { Map: { Item: { Value: item } } };
    const given = map.selector === undefined ? item : fillTemplate(map.selector, input, context);
    try {
      return await children.run(given, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      failed += 1;
      const { name, message } = causeOf(error);
      report(children, given, `${name}: ${message}`);
      if (tolerates(map, failed, items.length)) return null;
      stopped.abort();
      throw statesError(
        'States.ExceedToleratedFailureThreshold',
        `${failed} of ${items.length} items of "${state}" failed, the last one with ${name}: ${message}`,
      );
    }
  };
  return sideBySide(items, runItem, map.atOnce);
}

async function readItems(
  { itemsPath, reader }: ChildMap,
  input: unknown,
  callStep: CallStep,
): Promise<readonly unknown[]> {
  const items =
    reader === undefined
      ? followPath(itemsPath, input)
      : await callStep(READ_ITEMS, fillTemplate(reader, input, {}));
  if (Array.isArray(items)) return items;
  throw statesError('States.ItemReaderFailed', 'The items of the map are not an array.');
}

function report({ state, execution, options }: Children, input: unknown, error: string): void {
  options.onEvent?.({ execution, type: 'ChildFailed', state, input, output: undefined, error });
}

/** The error of an execution, without the error of the engine around it. */
function causeOf(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  return error.name === 'ExecutionError' && error.cause instanceof Error ? error.cause : error;
}
