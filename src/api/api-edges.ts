import type { Context } from 'hono';
import type { StartEdges } from '../doors/start-job.ts';
import type { Links } from '../store/links.ts';

/** Everything the API touches outside itself. */
export interface ApiEdges extends StartEdges {
  readonly links: Links;
  /** Who sends a request: requests of different callers are different jobs. */
  readonly caller: (c: Context) => string;
}
