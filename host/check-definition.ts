import aslValidator from 'asl-validator';
import type { StateMachineDefinition } from 'aws-local-stepfunctions';

/**
 * Checks that a definition is valid Amazon States Language. The check takes up to a second, so a definition is
 * checked when it is synthesized, and not each time it runs.
 * @throws Error with everything that is wrong with it
 */
export function checkDefinition(definition: StateMachineDefinition): void {
  const found = aslValidator(structuredClone(definition), {
    checkArn: false,
    checkPaths: true,
  });
  if (!found.isValid)
    throw new Error(`The state machine's definition is invalid:\n${found.errorsText('\n')}`);
}
