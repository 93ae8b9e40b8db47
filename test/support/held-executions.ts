import type { Executions } from '../../src/executions/executions.ts';

/** Executions that run until a test ends them. A name is used at most once. */
export class HeldExecutions implements Executions {
  readonly states = new Map<string, 'running' | 'ended'>();

  start(name: string): Promise<'started' | 'taken'> {
    if (this.states.get(name) === 'ended') return Promise.resolve('taken');
    this.states.set(name, 'running');
    return Promise.resolve('started');
  }

  look(name: string): Promise<'running' | 'ended' | undefined> {
    return Promise.resolve(this.states.get(name));
  }

  stop(name: string): Promise<void> {
    this.end(name);
    return Promise.resolve();
  }

  end(name: string): void {
    if (this.states.has(name)) this.states.set(name, 'ended');
  }

  /** Every execution so far, in the order of their starts. */
  get names(): string[] {
    return [...this.states.keys()];
  }
}
