/** join.ts <store>: joins the shards' results into the job's. */
import { writeResults } from '../../src/steps/write-results.ts';
import { openStore } from '../../src/store/open-store.ts';
import { JOB_ID } from './job-id.ts';
import { tellUsage } from './tell-usage.ts';

tellUsage();

const [store = ''] = process.argv.slice(2);
await writeResults(
  {
    store: openStore(store),
    clock: { now: () => 1_790_000_000_000 },
    random: () => 0.5,
    log: () => undefined,
  },
  { jobId: JOB_ID },
);
