/** simulator.ts: a provider simulator whose batches end at once. Prints its port. */
import { startSimulator } from '../../local/simulator/index.ts';

const { url } = await startSimulator({
  stages: { queuedSeconds: 0, runningSeconds: 0, finalizingSeconds: 0 },
});
process.stdout.write(`${new URL(url).port}\n`);
