import { parentPort, workerData } from 'node:worker_threads';
import { startSimulator } from '../simulator/index.ts';

/** The thread of a host's simulator, so that its batches are computed on another core with separate memory. */

/** Message from the host. */
export interface SimulatorThread {
  /** Folder for files and batches. */
  readonly folder: string;
}

/** Message to the host, sent once. */
export interface SimulatorOpened {
  readonly url: string;
}

if (parentPort === null) throw new Error('This module is the thread of a host.');
const port = parentPort;

const { folder } = workerData as SimulatorThread;
const simulator = await startSimulator({ folder });
const opened: SimulatorOpened = { url: simulator.url };
port.postMessage(opened);
// Every message means that the simulator must close. The thread ends when its port and server are closed.
port.once('message', () => {
  port.close();
  void simulator.close();
});
