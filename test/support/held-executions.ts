import type { Executions } from '../../src/executions/executions.ts';

/**
 * Executions that run until a test ends them. As in Step Functions, a name is used at most once, and starting a running execution
 * again with the same input has no effect.
 */
export class HeldExecutions implements Executions {
  readonly states = new Map<string, 'running' | 'ended'>();
  readonly #inputs = new Map<string, string>();

  start(name: string, input: object): Promise<'started' | 'taken'> {
    const text = JSON.stringify(input);
    const isRepeated = this.states.get(name) === 'running' && this.#inputs.get(name) === text;
    if (this.states.has(name) && !isRepeated) return Promise.resolve('taken');
    this.states.set(name, 'running');
    this.#inputs.set(name, text);
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
