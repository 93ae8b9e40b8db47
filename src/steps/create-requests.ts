import { FastRequests } from '../fast-path/fast-requests.ts';
import type { RequestMaker } from '../rows/request-maker.ts';
import type { RequestRules } from '../rows/request-line.ts';

/** Makes request lines on the fast path. `new RuleRequests(rules)` makes the same lines without it. */
export const createRequests = (rules: RequestRules): RequestMaker => new FastRequests(rules);
