import type { Context } from 'hono';
import type { StartEdges } from '../job-control/start-job.ts';
import type { Links } from '../store/links.ts';

/** Everything outside the API that it uses. */
export interface ApiEdges extends StartEdges {
  readonly links: Links;
  /** Identifies the sender of a request. Equal requests of different callers are different jobs. */
  readonly caller: (c: Context) => string;
}
