/** build.ts <store>: the step that makes request lines, as the Lambda runs it. */
import { planKey } from '../../src/keys.ts';
import { openStore } from '../../src/store/open-store.ts';
import { buildRequests } from '../../src/steps/build-requests.ts';
import { JOB_ID } from './job-id.ts';
import { tellUsage } from './tell-usage.ts';

tellUsage();

const [store = ''] = process.argv.slice(2);
const edges = {
  store: openStore(store),
  clock: { now: () => 0 },
  random: () => 0.5,
  log: () => undefined,
};
// A plan that is there would be taken for this job's.
await edges.store.delete(planKey(JOB_ID));
await buildRequests(edges, { jobId: JOB_ID });
