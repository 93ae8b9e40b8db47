/**
 * A fault: its place, its kind, and how often it strikes (`times`, default 1). Plain JSON, so that a script file can contain it.
 */
export type Fault = RouteFault | BatchFault | RowFault | ContentFault;

export type Times = number | 'always';

/** The calls of the API. */
export type Route = 'upload' | 'create' | 'get' | 'list' | 'cancel' | 'content' | 'delete' | 'realtime';

export interface RouteFault {
  readonly at: Route;
  readonly action: RouteAction;
  readonly times?: Times;
}

/** `when: 'after'`: the call is executed, and only its answer is lost. */
export type RouteAction =
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly code?: string;
      readonly message?: string;
      readonly retryAfter?: number | string;
      readonly when?: 'before' | 'after';
    }
  | { readonly kind: 'reset'; readonly when?: 'before' | 'after' }
  | { readonly kind: 'html' | 'empty' | 'truncated' };

export interface BatchFault {
  readonly at: 'batch';
  /** Number of the batch in order of creation, from 1; without it, every batch until `times` is used up. */
  readonly nth?: number;
  readonly action: BatchAction;
  readonly times?: Times;
}

export type BatchAction =
  /** Ends in this way with a share of its rows finished. */
  | { readonly kind: 'end'; readonly as: 'failed' | 'expired' | 'cancelled'; readonly finished: number }
  /** Fails the validation, naming lines (1-based). */
  | { readonly kind: 'invalid'; readonly lines: readonly number[]; readonly code: string }
  /** Fails as a whole, naming no line. */
  | { readonly kind: 'fail'; readonly code: string; readonly message?: string }
  /** Succeeds without an output file. */
  | { readonly kind: 'no-output' }
  /** Stays in a status until it is cancelled, with a share of its rows finished. */
  | { readonly kind: 'stuck'; readonly status: string; readonly finished: number }
  /** Shows another status while it runs. */
  | { readonly kind: 'status'; readonly status: string }
  /** Shows these counters instead of the real ones. */
  | { readonly kind: 'counts'; readonly counts: unknown }
  /** Is no longer found. */
  | { readonly kind: 'vanish' }
  /** For the first seconds of its life, is not found by its id, is not listed, or both. */
  | { readonly kind: 'hidden'; readonly from: 'get' | 'list' | 'both'; readonly seconds: number }
  /** Shows other metadata than those of its create. */
  | { readonly kind: 'metadata'; readonly shown: 'upper case' | 'cut' | 'none' }
  /** Shows times of a clock that is ahead. */
  | { readonly kind: 'clock'; readonly aheadSeconds: number }
  /** Has ended and shows its counters, but does not show its files correctly, for some seconds or for ever. */
  | { readonly kind: 'late'; readonly shows: LateOutput; readonly seconds?: number };

/**
 * How a late batch shows its files: no ids; not found; empty; shorter than their object says; still growing; or with the lines of
 * another batch.
 */
export type LateOutput = 'no-id' | 'not-found' | 'empty' | 'short' | 'growing' | 'foreign';

export interface RowFault {
  readonly at: 'row';
  /** Ids of the affected rows, or every k-th row. */
  readonly ids?: readonly string[];
  readonly every?: number;
  readonly action: RowAction;
  /** Only in this many of the first batches with the row. */
  readonly times?: Times;
}

export type RowAction =
  | { readonly kind: 'error'; readonly code: string; readonly status?: number; readonly message?: string }
  /** In no file and not counted; in no file but counted; twice; with an additional unknown row; without answer and error. */
  | { readonly kind: 'drop' | 'lose' | 'duplicate' | 'unknown' | 'empty' }
  /** Comes back under a changed id. */
  | { readonly kind: 'rename'; readonly as: IdChange }
  /** The answer is at the top level of the line; the line is truncated; the line is not JSON and shows no id. */
  | { readonly kind: 'top-level' | 'unreadable' | 'garbled' }
  /** The body is a string with JSON; the status is 0. */
  | { readonly kind: 'string-body' | 'status-zero' }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'finish'; readonly reason: string }
  /**
   * Fails the validation of every file with this row. `{line}`, `{index}` and `{id}` in the message name the row; without them
   * the message does not.
   */
  | { readonly kind: 'poison'; readonly code?: string; readonly message: string };

export type IdChange =
  | 'trimmed'
  | 'lower'
  | 'upper'
  | 'nfc'
  | 'nfd'
  | 'padded'
  | 'stripped'
  | 'number'
  | 'cut'
  | 'camel'
  | 'other-key';

export interface ContentFault {
  readonly at: 'content';
  readonly action: ContentAction;
  readonly times?: Times;
}

export type ContentAction =
  | { readonly kind: ContentKind }
  /** Closes the connection after this many bytes. */
  | { readonly kind: 'breaks'; readonly afterBytes: number }
  | { readonly kind: RangeKind };

/**
 * The answer to a request for the rest of a file: the whole file; another part; "no such range"; the rest of a file that was
 * replaced meanwhile, with another length or order.
 */
export type RangeKind = 'ignores-range' | 'wrong-range' | 'refuses-range' | 'grows' | 'reorders';

const RANGE_KINDS: ReadonlySet<string> = new Set<RangeKind>([
  'ignores-range',
  'wrong-range',
  'refuses-range',
  'grows',
  'reorders',
]);

export type ContentKind =
  | 'no-last-newline'
  | 'crlf'
  | 'bom'
  | 'blank-lines'
  | 'invalid-utf8'
  | 'long-line'
  | 'non-object'
  /** Sends less than Content-Length promised; sends less, and closes as if it were complete. */
  | 'truncated-body'
  | 'early-close';

/** The faults of a simulator, with how often each has struck. */
export class FaultScript {
  readonly #faults: { readonly fault: Fault; struck: number }[] = [];

  add(faults: readonly Fault[]): void {
    for (const fault of faults) this.#faults.push({ fault, struck: 0 });
  }

  /** The next fault of a call; it counts as used. */
  forRoute(route: Route): RouteAction | undefined {
    const isRoute = (fault: Fault): fault is RouteFault =>
      fault.at === route && !isContentKind(fault.action.kind);
    return this.#strike(isRoute)?.action;
  }

  /** @param isRange true if the rest of a file is requested */
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
