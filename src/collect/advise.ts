import type { Failure } from '../errors.ts';

// A dropped file that is uploaded again is a new job, whose rows are paid for again. A resume pays nothing twice.
const RESUME =
  'Then resume the job: nightshift resume <job>. It continues from its checkpoints, and nothing is paid twice.';

/** The next step for a person, by the name of the failure. */
export function advise({ name }: Failure): string {
  switch (name) {
    // The cause may be in the file, in the prompt, or in how the file is read; the message names it.
    case 'InvalidInput':
    case 'InvalidRequest':
      return 'Correct what the message names, and start a new job. Nothing was sent.';
    case 'JobCancelled':
      return 'Resume the job to continue: finished rows are kept, and nothing is paid twice.';
    case 'ProviderDenied':
    case 'JobStopped':
      return `Check the provider's key, its scopes and the account's credit. ${RESUME}`;
    case 'ProviderMoved':
      return `Set the provider's base URL to the address that the message names, if it is the provider's. ${RESUME}`;
    case 'RequestsDamaged':
      return 'Resume the job: nightshift resume <job>. It builds the requests again, if its inputs are still there, and continues. Nothing is paid twice.';
    case 'BudgetExceeded':
      return `Raise the budget of the profile by the missing amount or, if the month's budget is used up, wait for the next month. ${RESUME}`;
    case 'TooManyBadRows':
      return 'Look at the errors of the rows that are not ok. If the profile is wrong, correct it and run the input as a new job. If these rows are acceptable, raise maxBad, and resume the job: nightshift resume <job>. It continues from its checkpoints.';
    case 'PilotStopped':
      return 'Look at the answers of the pilot. If the profile is wrong, correct it and run the input as a new job. If these rows are acceptable, continue the job: nightshift approve <job>. Nothing is paid twice.';
    case 'BatchOpen':
      return `Look at the batches under "open" at the provider: cancel them there, or wait until they have ended. ${RESUME}`;
    case 'OutputIncomplete':
    case 'OutputUnrecognised':
      return `Check the batches under "open" at the provider, and wait for their files. ${RESUME}`;
    case 'ExecutionTooLong':
      return 'Resume the job: nightshift resume <job>. It continues with the remaining rows, and nothing is paid twice.';
    case 'Sandbox.Timedout':
    case 'States.Timeout':
      return `A step used up all its time, three times: the store or the provider is slow, or an input cannot be read again within that time (gzip, XLSX, Parquet, one JSON array). Split such an input, or give it as JSON lines or CSV. ${RESUME}`;
    case 'StepTimedOut':
      return `The provider or the store was too slow for a step, three times. The answers are paid for: a new job would pay for them again. Wait until both are faster. ${RESUME}`;
    case 'ProviderUnavailable':
    case 'ProviderThrottled':
      return `The provider has not answered for a long time; wait until it does. ${RESUME}`;
    case 'StoreRejected':
    case 'StoreUnavailable':
      return `Do what the message says. ${RESUME}`;
    default:
      return `The steps' logs have details: on AWS in CloudWatch, on one machine with --verbose. ${RESUME}`;
  }
}
