import { StateMachine, type StateMachineDefinition } from 'aws-local-stepfunctions';

/**
 * Checks that a definition is valid Amazon States Language. It takes up to a second, so a definition is checked when it is
 * synthesized, and not again each time it runs.
 * @throws what is wrong with it
 */
export function checkDefinition(definition: StateMachineDefinition): void {
  // oxlint-disable-next-line no-new -- the constructor checks
  new StateMachine(structuredClone(definition), { validationOptions: { checkArn: false, checkPaths: true } });
}
