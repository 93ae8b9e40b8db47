import type { Log } from './log.ts';
import type { BatchProvider, ProviderSettings } from './provider/batch-provider.ts';
import type { StepTime } from './pace.ts';
import type { ObjectStore } from './store/object-store.ts';

/** Everything that a step uses from outside. Lambda functions build it from their environment, the local host constructs it. */
export interface Edges {
  readonly store: ObjectStore;
  readonly clock: Clock;
  /** Returns a number in [0, 1), for jitter only, never for ids. */
  readonly random: () => number;
  readonly log: Log;
  /** Absent if steps have no time limit. */
  readonly time?: StepTime | undefined;
}

/** Edges of a step that calls the provider. Separate, so that bundles of other steps contain no HTTP client. */
export interface ProviderEdges extends Edges {
  readonly provider: (settings: ProviderSettings) => BatchProvider;
  /** Waits inside a step, in milliseconds. Keep it short: a waiting Lambda costs money. */
  readonly wait: (milliseconds: number) => Promise<void>;
  /** Aborts when this host abandons its steps: their calls end, and no call starts. Never on AWS. */
  readonly signal?: AbortSignal | undefined;
  /** Aborts when the host begins to stop: calls in flight finish, and no further row is sent. Never on AWS. */
  readonly halted?: AbortSignal | undefined;
}

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
}
