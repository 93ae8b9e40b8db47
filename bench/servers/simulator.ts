import { startSimulator } from '../../simulator/index.ts';
import { answerParent } from './serve.ts';

/** The provider's double at full speed: a batch has ended when it is first looked at. */
const simulator = await startSimulator({
  stages: { queuedSeconds: 0, runningSeconds: 0, finalizingSeconds: 0 },
});
answerParent(simulator.url);
