/** A fault: where, what, and how often (`times`, default 1). Plain JSON, so that a script file can hold it. */
export type Fault = RouteFault | BatchFault | RowFault | ContentFault;

export type Times = number | 'always';

/** The calls of the API. */
export type Route = 'upload' | 'create' | 'get' | 'list' | 'cancel' | 'content' | 'delete' | 'realtime';

export interface RouteFault {
  readonly at: Route;
  readonly action: RouteAction;
  readonly times?: Times;
}

/** `when: 'after'`: the call is carried out and only its answer is lost. */
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
  /** Which batch, in order of creation from 1; without it every batch until `times` is used up. */
  readonly nth?: number;
  readonly action: BatchAction;
  readonly times?: Times;
}

export type BatchAction =
  /** Ends like this with a share of its rows finished. */
  | { readonly kind: 'end'; readonly as: 'failed' | 'expired' | 'cancelled'; readonly finished: number }
  /** Fails validation and names lines (1-based). */
  | { readonly kind: 'invalid'; readonly lines: readonly number[]; readonly code: string }
  /** Fails as a whole, without a line. */
  | { readonly kind: 'fail'; readonly code: string; readonly message?: string }
  /** Succeeds and has no output file. */
  | { readonly kind: 'no-output' }
  /** Stays in a status until it is cancelled, with a share of its rows finished. */
  | { readonly kind: 'stuck'; readonly status: string; readonly finished: number }
  /** Shows another status while it runs. */
  | { readonly kind: 'status'; readonly status: string }
  /** Shows these counters, whatever they are. */
  | { readonly kind: 'counts'; readonly counts: unknown }
  /** Is not found any more. */
  | { readonly kind: 'vanish' }
  /** Is not found by its id, not listed, or neither, for the first so many seconds of its life. */
  | { readonly kind: 'hidden'; readonly from: 'get' | 'list' | 'both'; readonly seconds: number }
  /** Shows other metadata than it was created with. */
  | { readonly kind: 'metadata'; readonly shown: 'upper case' | 'cut' | 'none' }
  /** Shows times of a clock that is so many seconds ahead. */
  | { readonly kind: 'clock'; readonly aheadSeconds: number }
  /** Has ended and counts its rows, but does not show its files as they are, for so many seconds or for ever. */
  | { readonly kind: 'late'; readonly shows: LateOutput; readonly seconds?: number };

/**
 * What a late batch shows: no ids of files; files that are not found; files that are empty, shorter than their object says,
 * still growing, or with the lines of another batch.
 */
export type LateOutput = 'no-id' | 'not-found' | 'empty' | 'short' | 'growing' | 'foreign';

export interface RowFault {
  readonly at: 'row';
  /** These rows, or every k-th. */
  readonly ids?: readonly string[];
  readonly every?: number;
  readonly action: RowAction;
  /** In the first so many batches a row is in. */
  readonly times?: Times;
}

export type RowAction =
  | { readonly kind: 'error'; readonly code: string; readonly status?: number; readonly message?: string }
  /** In no file and not counted; in no file though counted; twice; with a stranger beside it; without answer and error. */
  | { readonly kind: 'drop' | 'lose' | 'duplicate' | 'unknown' | 'empty' }
  /** Comes back under a changed id. */
  | { readonly kind: 'rename'; readonly as: IdChange }
  /** Its answer stands in the line itself; the line is cut in its middle; the line is no JSON and shows no id. */
  | { readonly kind: 'top-level' | 'unreadable' | 'garbled' }
  /** Its body is a string of JSON; its status is 0. */
  | { readonly kind: 'string-body' | 'status-zero' }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'finish'; readonly reason: string }
  /**
   * Fails the validation of every file it is in. `{line}`, `{index}` and `{id}` in the message name the row; without them
   * nothing does.
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
  /** Breaks off after so many bytes of what it should send. */
  | { readonly kind: 'breaks'; readonly afterBytes: number }
  | { readonly kind: RangeKind };

/**
 * What a request for the rest of a file is answered with: the whole file; another part of it; no such range; the rest of a file that
 * has changed meanwhile, in length or in order.
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
  /** Less than Content-Length promised; less, and closed as if it were all. */
  | 'truncated-body'
  | 'early-close';
