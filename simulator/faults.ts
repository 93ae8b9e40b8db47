/**
 * A fault: where it occurs, its kind, and how often it occurs (`times`, default 1). Plain JSON, so that a script file can
 * contain it.
 */
export type Fault = RouteFault | BatchFault | RowFault | ContentFault | FileFault;

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
  /** Ends with this status and a share of its rows finished. */
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
  /** Is not found by its id, is not listed, or both, for the first seconds after its create. */
  | { readonly kind: 'hidden'; readonly from: 'get' | 'list' | 'both'; readonly seconds: number }
  /** Shows other metadata than that of its create. */
  | { readonly kind: 'metadata'; readonly shown: 'upper case' | 'cut' | 'none' }
  /** Shows times of a clock that is ahead. */
  | { readonly kind: 'clock'; readonly aheadSeconds: number }
  /** Has ended and shows its counters, but does not show its files correctly, for some seconds or without end. */
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
  /**
   * The row's line is missing and not counted; missing but counted; duplicated; followed by the line of an unknown row; or
   * without an answer and an error.
   */
  | { readonly kind: 'drop' | 'lose' | 'duplicate' | 'unknown' | 'empty' }
  /** The row's line has a changed id. */
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

export interface FileFault {
  readonly at: 'file';
  readonly action: FileAction;
  readonly times?: Times;
}

export type FileAction =
  /** Keeps only the first bytes of an uploaded file, and shows their number. */
  | { readonly kind: 'cut'; readonly bytes: number }
  /** Shows this size of an uploaded file. */
  | { readonly kind: 'size'; readonly bytes: number };

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

export type ContentKind =
  | 'no-last-newline'
  | 'crlf'
  | 'bom'
  | 'blank-lines'
  | 'invalid-utf8'
  | 'long-line'
  | 'non-object'
  /** Sends fewer bytes than Content-Length; sends fewer bytes, and closes as if the body were complete. */
  | 'truncated-body'
  | 'early-close';
