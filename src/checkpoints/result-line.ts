import type { Outcome } from './counts.ts';

/** A line of `results.jsonl`. Unknown fields of the provider's body are kept in `body`. */
export type ResultLine = OkLine | NotOkLine;

export interface OkLine {
  readonly custom_id: string;
  readonly ok: true;
  /** The first choice's content, or the texts of a response. */
  readonly text?: string | null;
  readonly finish_reason?: string | null;
  /** Why the model would not answer, in its words. */
  readonly refusal?: string;
  /** In jobs whose profile has an `output`, in place of `text`: the answer as JSON that matches its schema. */
  readonly output?: unknown;
  /** Embeddings: one vector (or its base64), or one per input when the input was an array. */
  readonly embedding?: unknown;
  readonly embeddings?: readonly unknown[];
  /** Rerank: the documents' places and scores, in the provider's order. */
  readonly ranking?: readonly unknown[];
  /** Images, speech: files beside `results.jsonl`, such as `files/q1.png`. */
  readonly files?: readonly string[];
  readonly body?: unknown;
  readonly model?: string;
  readonly usage?: unknown;
  /** The answer is made up: a simulator stood in for the provider. */
  readonly simulated?: true;
  /** The round that answered; absent in rows whose answer is reused. */
  readonly round?: number;
  /** In jobs with a ladder: the step that the line is of, counted from 1, and its provider. */
  readonly step?: number;
  readonly provider?: string;
  /** The answer is that of an earlier job, which asked for it, and whose results were written then (ISO 8601). */
  readonly reused?: { readonly jobId: string; readonly at: string };
  /** The earlier row with the same request, which was sent for this one, too; absent in rows that were sent. */
  readonly answeredBy?: string;
  readonly source?: RowSource;
  /** The retry whose result this is, counted from 1; absent where the job itself settled the row. */
  readonly retried?: number;
}

/** The line of a row that a round of its own job answered. */
export type AnsweredLine = OkLine & { readonly round: number };

export interface NotOkLine {
  readonly custom_id: string;
  readonly ok: false;
  readonly outcome: Exclude<Outcome, 'ok'>;
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly line?: number;
    /** Of `invalid_output`: the place that does not match, as a JSON pointer. */
    readonly path?: string;
  };
  /** Of `invalid_output`: the answer all the same, for it is paid for. */
  readonly text?: string | null;
  readonly finish_reason?: string | null;
  readonly refusal?: string;
  readonly model?: string;
  readonly usage?: unknown;
  readonly body?: unknown;
  readonly simulated?: true;
  /** Whether sending the row again later may help. */
  readonly retry: boolean;
  /** The last round the row took part in; 0 when it was never sent. */
  readonly round: number;
  /** In jobs with a ladder: the step that the line is of, counted from 1, and its provider. */
  readonly step?: number;
  readonly provider?: string;
  readonly answeredBy?: string;
  readonly source?: RowSource;
  readonly retried?: number;
}

/** Where a row came from; told in jobs of several inputs. */
export interface RowSource {
  readonly file: string;
  /** 1-based line, or ordinal where the format has no lines. */
  readonly line: number;
}
