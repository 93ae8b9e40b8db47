import type { Dialect } from '../dialects/schema.ts';

/** Milliseconds. */
export interface Timeouts {
  /** Time to connect by TCP and TLS. */
  readonly connect: number;
  /** From the request's last byte to the answer's headers. The provider stores and checks an upload in this time. */
  readonly headers: number;
  /** Longest pause between two pieces of an answer's body. */
  readonly body: number;
  /** Total time of a call: its answer to the last byte, its repeats, and the waits between them. An upload has more. */
  readonly total: number;
}

export const TIMEOUTS: Timeouts = { connect: 10_000, headers: 120_000, body: 60_000, total: 120_000 };

/** Slowest accepted transfer, in bytes per millisecond: 100 MB may take 53 minutes. */
export const MIN_BYTES_PER_MS = 32;

export interface HttpOptions {
  readonly baseUrl: string;
  readonly apiKey: () => Promise<string>;
  readonly dialect: Pick<Dialect, 'auth' | 'codes'>;
  /** Endpoints that realtime calls may use; absent: any. */
  readonly endpoints?: readonly string[] | undefined;
  /** Sent with every call. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Further headers from the configuration, read for every call. They never replace a header of the call itself. */
  readonly ownHeaders?: (() => Promise<readonly OwnHeader[]>) | undefined;
  readonly random: () => number;
  readonly wait: (milliseconds: number) => Promise<void>;
  readonly timeouts: Timeouts;
  /** Aborts every call, once no caller waits for the answers. */
  readonly signal?: AbortSignal | undefined;
}

/** A header that a configuration adds. */
export interface OwnHeader {
  readonly name: string;
  readonly value: string;
  /** True if its value is removed from the provider's answers. */
  readonly isSecret: boolean;
}
