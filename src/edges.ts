import type { Log } from './log.ts';
import type { BatchProvider, ProviderSettings } from './provider/batch-provider.ts';
import type { StepTime } from './pace.ts';
import type { ObjectStore } from './store/object-store.ts';

/** Everything a step touches outside itself. Lambdas build it from their environment, the local host by hand. */
export interface Edges {
  readonly store: ObjectStore;
  readonly clock: Clock;
  /** In [0, 1): jitter only, never identity. */
  readonly random: () => number;
  readonly log: Log;
  /** Absent where nothing ends a step that takes long. */
  readonly time?: StepTime | undefined;
}

/** The edges of a step that talks to the provider: apart, so that the others' bundles hold no HTTP client. */
export interface ProviderEdges extends Edges {
  readonly provider: (settings: ProviderSettings) => BatchProvider;
  /** Waits inside a step, in milliseconds: short, for a Lambda that waits is paid for. */
  readonly wait: (milliseconds: number) => Promise<void>;
  /** Aborts when the steps of this host are abandoned: their calls end, and none is started. Never on AWS. */
  readonly signal?: AbortSignal | undefined;
  /** Aborts when the host begins to stop: calls that are on their way end, and no row is sent any more. Never on AWS. */
  readonly halted?: AbortSignal | undefined;
}

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
}
