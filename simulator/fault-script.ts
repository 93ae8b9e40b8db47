import type {
  BatchAction,
  BatchFault,
  ContentAction,
  ContentFault,
  Fault,
  FileAction,
  FileFault,
  RangeKind,
  Route,
  RouteAction,
  RouteFault,
  RowAction,
  RowFault,
  Times,
} from './faults.ts';

/** The faults of a simulator, and how often each has occurred. */
export class FaultScript {
  readonly #faults: { readonly fault: Fault; struck: number }[] = [];

  add(faults: readonly Fault[]): void {
    for (const fault of faults) this.#faults.push({ fault, struck: 0 });
  }

  /** Returns the next fault of a call, and counts it as used. */
  forRoute(route: Route): RouteAction | undefined {
    const isRoute = (fault: Fault): fault is RouteFault =>
      fault.at === route && !isContentKind(fault.action.kind);
    return this.#strike(isRoute)?.action;
  }

  /** The fault of an uploaded file. */
  forFile(): FileAction | undefined {
    return this.#strike((fault): fault is FileFault => fault.at === 'file')?.action;
  }

  /**
   * The fault of the next download of a file, if the script has one.
   * @param isRange true if the rest of a file is requested
   */
  forContent(isRange = false): ContentAction | undefined {
    const isContent = (fault: Fault): fault is ContentFault =>
      fault.at === 'content' &&
      isContentKind(fault.action.kind) &&
      (isRange || !isRangeFault(fault.action as ContentAction));
    return this.#strike(isContent)?.action;
  }

  /** The faults of a new batch. */
  forBatch(nth: number): BatchAction[] {
    const isBatch = (fault: Fault): fault is BatchFault =>
      fault.at === 'batch' && (fault.nth === undefined || fault.nth === nth);
    const actions: BatchAction[] = [];
    for (
      let next = this.#strike(isBatch, actions);
      next !== undefined;
      next = this.#strike(isBatch, actions)
    ) {
      actions.push(next.action);
    }
    return actions;
  }

  /** The faults of a row in the nth batch with it (from 1). Each row counts separately. */
  forRow(customId: string, ordinal: number, nth: number): RowAction[] {
    return this.#faults.flatMap(({ fault }) =>
      fault.at === 'row' && selects(fault, customId, ordinal) && nth <= limit(fault.times)
        ? [fault.action]
        : [],
    );
  }

  /** The error by which a row fails its file's validation, with its `{line}` counted from 1. */
  poisonOf(customId: string, ordinal: number): { code: string; message: string } | undefined {
    const isPoison = (fault: Fault): fault is RowFault =>
      fault.at === 'row' && fault.action.kind === 'poison';
    for (const entry of this.#faults) {
      const { fault } = entry;
      if (!isPoison(fault) || !selects(fault, customId, ordinal) || entry.struck >= limit(fault.times))
        continue;
      if (fault.action.kind !== 'poison') continue;
      entry.struck += 1;
      const names: Readonly<Record<string, string>> = {
        line: `${ordinal + 1}`,
        index: `${ordinal}`,
        id: customId,
      };
      const message = fault.action.message.replaceAll(
        /\{(line|index|id)\}/g,
        (_, name: string) => names[name] ?? '',
      );
      return { code: fault.action.code ?? 'validation_error', message };
    }
    return undefined;
  }

  #strike<F extends Fault>(
    wanted: (fault: Fault) => fault is F,
    not: readonly unknown[] = [],
  ): F | undefined {
    for (const entry of this.#faults) {
      if (!wanted(entry.fault) || entry.struck >= limit(entry.fault.times)) continue;
      if (not.includes(entry.fault.action)) continue;
      entry.struck += 1;
      return entry.fault;
    }
    return undefined;
  }
}

const RANGE_KINDS: ReadonlySet<string> = new Set<RangeKind>([
  'ignores-range',
  'wrong-range',
  'refuses-range',
  'grows',
  'reorders',
]);

const CONTENT_KINDS: ReadonlySet<string> = new Set<ContentAction['kind']>([
  'breaks',
  'ignores-range',
  'wrong-range',
  'refuses-range',
  'grows',
  'reorders',
  'no-last-newline',
  'crlf',
  'bom',
  'blank-lines',
  'invalid-utf8',
  'long-line',
  'non-object',
  'truncated-body',
  'early-close',
]);

/** True for a fault that concerns only requests for the rest of a file. */
export function isRangeFault(action: ContentAction): action is Extract<ContentAction, { kind: RangeKind }> {
  return RANGE_KINDS.has(action.kind);
}

function isContentKind(kind: string): boolean {
  return CONTENT_KINDS.has(kind);
}

function limit(times: Times = 1): number {
  return times === 'always' ? Infinity : times;
}

function selects({ ids, every }: RowFault, customId: string, ordinal: number): boolean {
  if (ids !== undefined) return ids.includes(customId);
  return every !== undefined && (ordinal + 1) % every === 0;
}
