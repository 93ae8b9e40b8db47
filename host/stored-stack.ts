import type { LocalStack } from './template/local-stack.ts';

/** Serializes a stack: for the package, and for the cache of a clone. */
export function renderStack(stack: LocalStack): string {
  const { machine, ...others } = stack;
  return `${JSON.stringify({ ...others, machine: { ...machine, functions: [...machine.functions] } })}\n`;
}

/** @throws SyntaxError or TypeError if the text is not a whole stack */
export function parseStack(text: string): LocalStack {
  const { machine, ...others } = JSON.parse(text) as StoredStack;
  return { ...others, machine: { ...machine, functions: new Map(machine.functions) } };
}

interface StoredStack extends Omit<LocalStack, 'machine'> {
  readonly machine: Omit<LocalStack['machine'], 'functions'> & {
    readonly functions: readonly [arn: string, step: string][];
  };
}
