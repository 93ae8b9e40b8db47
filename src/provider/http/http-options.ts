import type { Dialect } from '../dialects/schema.ts';

/** Milliseconds. */
export interface Timeouts {
  /** TCP and TLS. */
  readonly connect: number;
  /** From the request's last byte to the answer's headers; an upload is stored and checked in that time. */
  readonly headers: number;
  /** Between two pieces of an answer's body. */
  readonly body: number;
  /** A call as a whole: its answer to the last byte, its repeats, and the waits between them. An upload has more. */
  readonly total: number;
}

export const TIMEOUTS: Timeouts = { connect: 10_000, headers: 120_000, body: 60_000, total: 120_000 };

/** Files that move more slowly than this are given up: 100 MB have 53 minutes, in bytes per millisecond. */
export const MIN_BYTES_PER_MS = 32;

export interface HttpOptions {
  readonly baseUrl: string;
  readonly apiKey: () => Promise<string>;
  readonly dialect: Pick<Dialect, 'auth' | 'codes'>;
  /** Endpoints that realtime calls may go to; absent: any. */
  readonly endpoints?: readonly string[] | undefined;
  /** Sent with every call. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Further headers of a configuration, asked for with every call. None of them replaces one that the call itself has. */
  readonly ownHeaders?: (() => Promise<readonly OwnHeader[]>) | undefined;
  readonly random: () => number;
  readonly wait: (milliseconds: number) => Promise<void>;
  readonly timeouts: Timeouts;
  /** Ends every call: whoever waits for them has gone. */
  readonly signal?: AbortSignal | undefined;
}

/** A header that a configuration adds. */
export interface OwnHeader {
  readonly name: string;
  readonly value: string;
  /** Its value must not come back in what the provider answers. */
  readonly isSecret: boolean;
}
