import type { Context } from 'hono';
import type { Spoken } from './dialects.ts';
import type { FaultScript } from './fault-script.ts';
import type { SimulatedProvider } from './provider.ts';
import type { Realtime } from './realtime.ts';
import type { SimulatorState } from './state.ts';
import type { NodeBindings } from './strike.ts';

export interface AppOptions {
  readonly state: SimulatorState;
  readonly provider: SimulatedProvider;
  readonly script: FaultScript;
  readonly realtime: Realtime;
  readonly spoken: Spoken;
  readonly apiKey: string | undefined;
  readonly maxFileBytes: number;
  readonly now: () => number;
  readonly record: (request: RequestRecord) => void;
}

/** A request with its answer, without the key. */
export interface RequestRecord {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly status: number;
}

export type AppContext = Context<{ Bindings: NodeBindings }>;
