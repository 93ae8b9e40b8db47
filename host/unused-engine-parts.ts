/**
 * What `aws-local-stepfunctions` imports and this host never calls, in place of the packages: AWS's Lambda client, because every Task has
 * a handler of this process; and its validator, because `check-definition.ts` has checked the definition. Loading the packages takes
 * ten times as long as the engine itself.
 */

export function LambdaClient(): never {
  throw unused("AWS's Lambda client");
}

export function InvokeCommand(): never {
  throw unused("AWS's Lambda client");
}

export function fromCognitoIdentityPool(): never {
  throw unused("AWS's credentials");
}

export default function validate(): never {
  throw unused('its validator');
}

function unused(what: string): Error {
  return new Error(`The engine calls ${what}, which this host leaves out.`);
}
