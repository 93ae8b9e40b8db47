import type { NightshiftConfig } from '../src/config/config.ts';
import { stackOf } from './clone.ts';
import type { LocalStack, Machine } from './template/local-stack.ts';

export type { LocalStack, Machine } from './template/local-stack.ts';

/** The state machine of the synthesized stack. */
export async function loadMachine(config: NightshiftConfig): Promise<Machine> {
  return (await loadStack(config)).machine;
}

/** {@link loadMachine}, together with the stack's rules, schedules and routes. */
export function loadStack(config: NightshiftConfig): Promise<LocalStack> {
  return stackOf(config);
}
