import type { Edges } from '../edges.ts';
import { bounded } from '../errors.ts';
import type { LogFields } from '../log.ts';
import { edgesFromEnvironment } from './environment.ts';

/** Lambda's second argument, as far as a step uses it. The local host brings its own edges in it; AWS never does. */
export interface StepHost<E extends Edges = Edges> {
  readonly edges?: E;
}

export type Handler<In, Out, E extends Edges = Edges> = (event: In, host?: StepHost<E>) => Promise<Out>;

/** Makes a step a Lambda handler: edges from the environment, and one log line for a failure before it is thrown. */
export function handle<In, Out>(step: (edges: Edges, event: In) => Promise<Out>): Handler<In, Out> {
  return handleWith(step, () => edgesFromEnvironment(process.env));
}

/** {@link handle} for a step that needs more edges than the usual ones. */
export function handleWith<In, Out, E extends Edges>(
  step: (edges: E, event: In) => Promise<Out>,
  openEdges: () => E,
): Handler<In, Out, E> {
  return async (event, host) => {
    const edges = host?.edges ?? openEdges();
    try {
      return await step(edges, event);
    } catch (error) {
      const { name, message } = error instanceof Error ? error : new Error(String(error));
      edges.log('step_failed', { ...jobOf(event), error: name, message: bounded(message) });
      throw error;
    }
  };
}

/** The job and shard of a payload that names them. */
function jobOf(event: unknown): LogFields {
  const { jobId, shard } = (event ?? {}) as { readonly jobId?: string; readonly shard?: number };
  return { ...(jobId !== undefined && { jobId }), ...(shard !== undefined && { shard }) };
}
