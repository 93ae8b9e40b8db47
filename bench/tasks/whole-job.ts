import { openLocalEdges } from '../../host/open-edges.ts';
import { runJob } from '../../host/run-job.ts';
import { MODEL } from '../data/inputs.ts';

/**
 * A whole job as `nightshift run` runs it, against the simulator that `PROVIDER_BASE_URLS` names:
 * `whole-job <data folder> <input file>`.
 */
const [data = '', file = ''] = process.argv.slice(2);
const config = { profiles: { default: { provider: 'simulator', model: MODEL } } };
await using host = await openLocalEdges({ data, simulator: false, log: () => undefined, config });
const { status, rows } = await runJob({
  files: [file],
  profile: undefined,
  overrides: {},
  again: false,
  config,
  edges: host.edges,
});
if (status !== 'succeeded') throw new Error(`The job of ${rows} rows ended as ${status}.`);
