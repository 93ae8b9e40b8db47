import { parentPort, workerData } from 'node:worker_threads';
import { startSimulator } from '../simulator/index.ts';

/** The thread of a simulator that a host brings: its batches are then computed on another core, with memory of their own. */

/** From the host. */
export interface SimulatorThread {
  /** Keeps files and batches. */
  readonly folder: string;
}

/** To the host, once. */
export interface SimulatorOpened {
  readonly url: string;
}

if (parentPort === null) throw new Error('This module is the thread of a host.');
const port = parentPort;

const { folder } = workerData as SimulatorThread;
const simulator = await startSimulator({ folder });
const opened: SimulatorOpened = { url: simulator.url };
port.postMessage(opened);
// Whatever the host says, it wants the simulator to close; without a port and a server the thread ends.
port.once('message', () => {
  port.close();
  void simulator.close();
});
