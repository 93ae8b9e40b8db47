import { startSimulator } from '../../simulator/index.ts';
import { answerParent } from './serve.ts';

/** The simulated provider at full speed: a batch has ended at its first poll. */
const simulator = await startSimulator({
  stages: { queuedSeconds: 0, runningSeconds: 0, finalizingSeconds: 0 },
});
answerParent(simulator.url);
