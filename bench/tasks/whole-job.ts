import { machineEdges } from '../../host/machine-edges.ts';
import { openLocalEdges } from '../../host/open-edges.ts';
import { runJob } from '../../host/run-job.ts';
import { deployedProviders } from '../../src/config/deployed-providers.ts';
import { MODEL } from '../data/inputs.ts';

/**
 * A whole job as `nightshift run` runs it, against the simulator that `PROVIDER_BASE_URLS` names:
 * `whole-job <data folder> <input file>`.
 */
const [data = '', file = ''] = process.argv.slice(2);
const config = { profiles: { default: { provider: 'simulator', model: MODEL } } };
const log = (): void => undefined;
await using host = await openLocalEdges({ data, simulator: false, log, config });
const { status, rows } = await runJob({
  files: [file],
  profile: undefined,
  overrides: {},
  again: false,
  config,
  edges: { ...machineEdges({ folder: data, log, providers: deployedProviders(config) }), ...host.edges },
});
if (status !== 'succeeded') throw new Error(`The job of ${rows} rows ended as ${status}.`);
