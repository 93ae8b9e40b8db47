/**
 * Replaces packages that `aws-local-stepfunctions` imports and this host never calls: AWS's Lambda client, because every Task has
 * a handler in this process; and its validator, because `check-definition.ts` has checked the definition. Loading these packages
 * would take ten times as long as the engine itself.
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
