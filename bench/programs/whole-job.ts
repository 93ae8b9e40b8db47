/** whole-job.ts <folder> <input key> <simulator's port>: a job from its file to its summary, on this machine, waits left out. */
import { callHandlers } from '../../local/call-handlers.ts';
import { createLocalExecutions } from '../../local/engine.ts';
import { loadMachine } from '../../local/load-stack.ts';
import { openLocalEdges } from '../../local/open-edges.ts';
import { parseConfig } from '../../src/config/config.ts';
import { startJob } from '../../src/doors/start-job.ts';
import { summaryKey } from '../../src/keys.ts';
import { requireJson } from '../../src/store/json.ts';
import type { Summary } from '../../src/job.ts';
import { tellUsage } from './tell-usage.ts';

tellUsage();

const [folder = '', key = '', port = ''] = process.argv.slice(2);
const config = parseConfig({
  providers: { bench: { dialect: 'melious', baseUrl: `http://127.0.0.1:${port}/v1` } },
  profiles: { default: { provider: 'bench', model: 'm' } },
});
process.env['BENCH_API_KEY'] = 'bench';
await using local = await openLocalEdges({
  data: folder,
  simulator: false,
  log: () => undefined,
  webhook: undefined,
});
const executions = createLocalExecutions({
  ...(await loadMachine(config)),
  callStep: callHandlers(local.edges),
  instant: true,
});
const jobId = `bench-${Date.now()}`;
const doors = { ...local.edges, config, executions };
await startJob(doors, { jobId, profile: 'default', inputs: () => Promise.resolve([{ key }]) });
await executions.result(jobId);
const { counts, rows } = await requireJson<Summary>(local.edges.store, summaryKey(jobId));
if (counts.ok !== rows) throw new Error(`${counts.ok} of ${rows} rows are ok.`);
