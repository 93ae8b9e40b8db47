import type { OutputMisbehaviour } from './ledger-output.ts';

/**
 * Faults of the provider. It decrements the counts and removes the statuses that it has used; a test may change everything while the provider
 * runs.
 */
export interface Misbehaviour {
  /** Statuses of the next creates, whose batches exist nevertheless. 0 breaks the connection. */
  lostCreates?: number[];
  /** Statuses of the next creates, which create nothing. */
  refusedCreates?: number[];
  /** The errors of refused and lost creates are HTML pages, as from a proxy. */
  proxyPages?: boolean;
  /** Seconds until the list shows a new batch. */
  listLagSeconds?: number;
  /** Status of every list call. */
  listStatus?: number;
  /** Number of empty pages, each with a link to the next one, at the start of a list. */
  emptyPages?: number;
  /** How batches show their metadata. */
  metadata?:
    | 'as sent'
    | 'upper case'
    | 'truncated'
    | 'renamed'
    | 'merged'
    | 'text'
    | 'pairs'
    | 'nested'
    | 'none';
  /** Batches do not show `input_file_id`. */
  hidesInputFile?: boolean;
  /** Each create also makes a cancelled batch of the same file, which is listed first. */
  cancelledTwin?: boolean;
  /** Each create makes a second batch of the same file, which runs for these seconds or ends early. */
  twin?: { readonly runSeconds?: number; readonly endsEarly?: NonNullable<Misbehaviour['endsEarly']> };
  /** The next cancels have no effect and return this status. */
  failedCancels?: { status: number; times: number };
  /** Cancels are accepted and have no effect. */
  ignoresCancels?: boolean;
  /** Batches never end. */
  neverEnds?: boolean;
  /** Seconds by which the provider's clock is ahead. */
  clockAheadSeconds?: number;
  /** Timestamps are texts in the provider's local time, without a time zone. */
  zonelessTimes?: boolean;
  /** From `from` to `to` seconds after its creation, a batch is not found by its id. Concerns all batches, or the first one. */
  notFound?: { from: number; to: number; listed: boolean; onlyFirst?: boolean; status?: number };
  /** Seconds from the end of a batch until it shows its output file. */
  lateOutputSeconds?: number;
  /** Faults in the output. */
  output?: OutputMisbehaviour;
  /** The first batch, or the one after `after` others, ends in this state with `finished` answered rows, after `runSeconds` if given. */
  endsEarly?: { as: 'expired' | 'cancelled'; finished: number; after?: number; runSeconds?: number };
  /** Responses to these calls never end: they send one byte per `everyMs` milliseconds. */
  drip?: { call: 'get' | 'create' | 'list' | 'cancel' | 'realtime'; everyMs: number };
  /** Statuses of batch rows that get an error instead of an answer, by custom_id. */
  deniedRows?: Record<string, number>;
  /** A batch with this row fails as a whole. In its message `says`, `{line}` stands for the line number of the row. */
  poison?: { id: string; code: string; says: string };
  /** Number of redirects before the content of a file. The last one leads to another host. */
  redirects?: number;
  /** Contents of files are gzipped. */
  isZipped?: boolean;
  /** The next calls of this kind get an HTML page with status 200, as from a proxy that requires a login. */
  loginPages?: { call: 'get' | 'list' | 'cancel' | 'file'; times: number };
  /** Timestamps are in milliseconds. */
  millisecondTimes?: boolean;
  /** Realtime calls whose prompt contains one of these texts get an error with this status. */
  failingPrompts?: { text: string; status: number; retryAfter?: number }[];
}
