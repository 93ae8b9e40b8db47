import { InvalidArgumentError } from 'commander';

/**
 * Parses the jobId that a command takes.
 * @throws InvalidArgumentError for a text that cannot be a jobId, such as a path of its results
 */
export function jobArgument(text: string): string {
  if (text === '' || /[/\\\0]|^\.\.?$/.test(text))
    throw new InvalidArgumentError('It is not a jobId. See the list of jobs: nightshift list');
  return text;
}
